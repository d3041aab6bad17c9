# shellcheck shell=bash
# Sourced by scripts/setup: gets what is no Python package, into the cache folder.

is_odoo_19() { grep -qs '^version_info = (19, 0' "$1/odoo/release.py"; }

find_odoo() {
    if [ -n "${ODOO_SOURCE:-}" ]; then
        is_odoo_19 "$ODOO_SOURCE" || die "ODOO_SOURCE=$ODOO_SOURCE is no source of Odoo 19."
        readlink -f "$ODOO_SOURCE"
        return
    fi
    importable_odoo || cached_odoo || fetch_odoo ||
        die "cannot get Odoo 19: no git clone and no Debian package. Check the network, or get the" \
            "source yourself and say ODOO_SOURCE=/path/to/odoo."
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

# Several clones may look into one cache at once.
fetch_odoo() {
    (
        flock 7
        cached_odoo || clone_odoo || unpack_odoo
    ) 7>"$cache/odoo.lock"
}

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

unpack_odoo() {
    say "unpacking Debian's odoo-19 (once) ..."
    get_debian odoo-19-debian \
        odoo-19/sid fonts-montserrat/sid \
        libjs-jquery libjs-jquery-form libjs-underscore fonts-font-awesome fonts-roboto-unhinted \
        fonts-inconsolata fonts-ocr-b || return 1
    cached_odoo
}

# Its own pip and setuptools wheels, for a python3 that came without.
get_debian_pip() {
    get_debian debian-pip python3-pip-whl && echo "$cache/debian-pip/usr/share/python-wheels"
}

# get_debian FOLDER PACKAGE[/SUITE]...: unpacks packages into the cache, installs nothing.
get_debian() {
    local folder=$cache/$1 new=$cache/$1.new deb
    shift
    [ -d "$folder" ] && return
    command -v apt-get >/dev/null || return 1
    rm -rf "$new"
    mkdir -p "$new"
    download_debs "$new" "$@" || return 1
    for deb in "$new"/*.deb; do
        dpkg -x "$deb" "$new" || return 1
        rm "$deb"
    done
    mv -T "$new" "$folder"
}

download_debs() {
    local folder=$1 apt=$cache/apt suite packages=()
    shift
    suite=$(debian_suite) || return 1
    for package in "$@"; do
        [[ $package == */* ]] || package+=/$suite
        packages+=("$package")
    done
    apt_options=(
        -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status"
        -o "Dir::Cache=$apt/cache" -o "Dir::Etc::sourcelist=$apt/sources.list"
        -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root -o Acquire::Languages=none
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    )
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    : >"$apt/status"
    write_apt_sources "$apt/sources.list" "$suite" || return 1
    apt-get -qq "${apt_options[@]}" update >&2 || return 1
    (cd "$folder" && apt-get -qq "${apt_options[@]}" download "${packages[@]}" >&2)
}

debian_suite() { (. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME"); }

# The mirror that this machine's apt uses, with its own suite and Debian's sid. `--print-uris`
# works without package lists, `indextargets` does not.
write_apt_sources() {
    local key=/usr/share/keyrings/debian-archive-keyring.gpg suite=$2 mirror
    mirror=$(apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/$suite/InRelease'.*|\1|p" | head -1)
    [ -n "$mirror" ] || return 1
    printf "deb [signed-by=$key] $mirror %s main\n" "$suite" sid >"$1"
}
