# shellcheck shell=bash disable=SC2154  # the variables are of _env.sh
# Sourced by scripts/setup: gets what is no Python package, unpacked into the cache folder.
# Nothing is installed on the machine, so root and others go the same way.

is_odoo_19() { grep -qs '^version_info = (19, 0' "$1/odoo/release.py"; }

find_odoo() {
    if [ -n "${ODOO_SOURCE:-}" ]; then
        is_odoo_19 "$ODOO_SOURCE" || die "ODOO_SOURCE=$ODOO_SOURCE is no source of Odoo 19."
        readlink -f "$ODOO_SOURCE"
        return
    fi
    importable_odoo || cached_odoo || in_turn fetch_odoo ||
        die "cannot get Odoo 19, neither by git clone nor as a Debian package. Check the network, or" \
            "get the source yourself and say ODOO_SOURCE=/path/to/odoo."
}

importable_odoo() {
    local source
    source=$(env -u PYTHONPATH "${PYTHON:-python3}" -c \
        'import odoo.release, os; print(os.path.dirname(os.path.dirname(odoo.release.__file__)))' \
        2>/dev/null) && is_odoo_19 "$source" && echo "$source"
}

cached_odoo() {
    local source
    for source in "$cache/odoo-19-git" "$cache/odoo-19-debian/usr/lib/python3/dist-packages"; do
        is_odoo_19 "$source" && echo "$source" && return
    done
    return 1
}

fetch_odoo() { cached_odoo || clone_odoo || unpack_odoo; }

clone_odoo() {
    local url=https://github.com/odoo/odoo new=$cache/odoo-19-git.new
    command -v git >/dev/null || return 1
    GIT_TERMINAL_PROMPT=0 timeout 20 git ls-remote --exit-code "$url" 19.0 >/dev/null 2>&1 || return 1
    say "cloning Odoo 19 (some minutes, once) ..."
    rm -rf "$new"
    git clone -q --depth 1 --branch 19.0 "$url" "$new" >&2 || return 1
    mv -T "$new" "${new%.new}"
    cached_odoo
}

# The other packages: Odoo's web assets are links into them. Font Awesome 4.7, not sid's 7.
unpack_odoo() {
    say "unpacking Debian's odoo-19 (half a minute, once) ..."
    get_debian odoo-19-debian odoo-19 fonts-montserrat/sid libjs-jquery libjs-jquery-form \
        libjs-underscore fonts-font-awesome fonts-roboto-unhinted fonts-inconsolata fonts-ocr-b &&
        cached_odoo
}

# Prints the folder with Debian's own pip wheel, for a python3 that came without pip.
get_debian_pip() {
    in_turn get_debian debian-pip python3-pip-whl && echo "$cache/debian-pip/usr/share/python-wheels"
}

get_chromium() { in_turn unpack_chromium; }

unpack_chromium() {
    [ -d "$cache/chromium" ] && return
    say "unpacking Debian's chromium for the browser tests (once) ..."
    apt_set_up || return 1
    local packages
    packages=$(apt_private -s --no-install-recommends install chromium fonts-dejavu-core |
        awk '/^Inst/ { print $2 }') || return 1
    # shellcheck disable=SC2086  # a list of names
    get_debian chromium $packages
}

get_axe() { in_turn unpack_axe; }

# From npm's registry, whichever the machine has. A tool of the tests: no part of the addon.
unpack_axe() {
    local folder=$cache/axe-core-$axe_version new=$cache/axe-core.new
    [ -f "$folder/axe.min.js" ] && return
    command -v npm >/dev/null || return 1
    say "getting axe-core for the tests of accessibility (once) ..."
    rm -rf "$new"
    mkdir -p "$new"
    (
        cd "$new"
        npm pack --silent "axe-core@$axe_version" >/dev/null 2>&1 &&
            tar -xzf ./*.tgz --strip-components=1 package/axe.min.js && rm ./*.tgz &&
            sha256sum --quiet -c <<<"$axe_sha256  axe.min.js"
    ) || return 1
    mv -T "$new" "$folder"
}

get_rtlcss() { in_turn install_rtlcss; }

# Odoo turns its style sheets round with it, for languages written from right to left.
install_rtlcss() {
    local folder=$cache/rtlcss-$rtlcss_version new=$cache/rtlcss.new
    [ -d "$folder" ] && return
    command -v npm >/dev/null || return 1
    rm -rf "$new"
    npm install --silent --no-audit --no-fund --no-package-lock --prefix "$new" \
        "rtlcss@$rtlcss_version" >/dev/null 2>&1 || return 1
    mv -T "$new" "$folder"
}

# Several clones may look into one cache at once.
in_turn() { (flock 7 && "$@") 7>"$cache/lock"; }

# get_debian FOLDER PACKAGE...
get_debian() {
    local folder=$cache/$1 new=$cache/$1.new deb
    shift
    [ -d "$folder" ] && return
    apt_set_up || return 1
    rm -rf "$new"
    mkdir -p "$new"
    (cd "$new" && apt_private download "$@" >&2) || return 1
    for deb in "$new"/*.deb; do
        dpkg -x "$deb" "$new" || return 1
        rm "$deb"
    done
    mv -T "$new" "$folder"
}

# The machine's own package sources and sid, with lists and cache of our own: no root needed.
apt_private() {
    local apt=$cache/apt
    apt-get -qq -o "Dir::Etc::sourcelist=$apt/sources.list" \
        -o "Dir::Etc::preferences=$apt/preferences" -o "Dir::State::lists=$apt/lists" \
        -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}

apt_set_up() {
    local apt=$cache/apt mirror
    command -v apt-get >/dev/null || return 1
    [ -z "${apt_is_set_up:-}" ] || return 0
    mirror=$(debian_mirror) || return 1
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    {
        cat /etc/apt/sources.list 2>/dev/null || true
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main"
    } >"$apt/sources.list"
    printf 'Package: *\nPin: release n=sid\nPin-Priority: 1\n' >"$apt/preferences"
    apt_private update >&2 || return 1
    apt_is_set_up=1
}

# The mirror that the machine's apt takes its own suite from. `--print-uris` tells it without any
# package lists, `indextargets` does not.
debian_mirror() {
    local suite uris
    suite=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME") || return 1
    uris=$(apt-get update --print-uris) || return 1
    sed -n "s|^'\(.*\)/dists/$suite/InRelease'.*|\1|p" <<<"$uris" | grep -m1 .
}
