import base64
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools.misc import formatLang

from ..dispatch.file_import import FileImport
from ..execution.orm import key_locks
from ..execution.orm.key_locks import KeyLocks
from .key_cases import KEY, upsert
from .races import ITEM, RaceCase

VALUE = "test.batch.value"
REPAIR = "test.batch.repair"


@tagged("post_install", "-at_install")
class TestLanguages(RaceCase):
    """What the engine says is read in French and German, as all else that the addon says."""

    cleans = (ITEM, VALUE, KEY, REPAIR)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        codes = ("fr_FR", "de_DE")
        languages = [cls.env["res.lang"]._activate_lang(code) for code in codes]
        cls.french = cls.new_user("languages_french", lang="fr_FR")
        cls.addClassCleanup(cls.speak_english_only, languages)

    @classmethod
    def speak_english_only(cls, languages):
        cls.renew()
        cls.french.lang = "en_US"
        for language in languages:
            language.active = False
        cls.commit()

    def refused(self, lang, method, ids=None, **arguments):
        """The sentence that JSON-2 answers, and the operations that it names."""
        context = {"lang": lang}
        reply = self.rpc(self.french, "batch.job", method, ids, context=context, **arguments)
        self.assertEqual(reply.status, 422)
        return reply.message, (reply.body.get("context") or {}).get("indexes")

    def test_a_call_is_refused_in_its_language(self):
        """Index and field are named, and a program finds the indexes where they always are."""
        wrong = [
            {"op": "create", "model": VALUE, "values": {"name": "good"}},
            {"op": "create", "model": VALUE, "valeurs": {}},
            {"op": "write", "model": VALUE, "ids": "7", "values": {}},
        ]
        said = {
            "fr_FR": "Opération 1 : 'valeurs' est inconnu pour op create, qui accepte : values.\n"
            "Opération 2 : ids doit être une liste d'ID d'enregistrements, par exemple [7, 8], et "
            "non un texte.",
            "de_DE": "Vorgang 1: 'valeurs' ist für op create unbekannt; möglich sind: values.\n"
            "Vorgang 2: ids muss eine Liste von Datensatz-IDs sein, etwa [7, 8], ist aber ein "
            "Text.",
            "en_US": "Operation 1: 'valeurs' is unknown for op create; it takes values.\n"
            "Operation 2: ids must be a list of record ids, such as [7, 8], not a text.",
        }
        for lang, message in said.items():
            with self.subTest(lang=lang):
                found = self.refused(lang, "submit", operations=wrong)
                self.assertEqual(found, (message, [1, 2]))

    def test_an_option_is_refused_in_the_language_of_the_call(self):
        """Also where a percent sign stands in the sentence, and where a number is large."""
        operations = [{"op": "create", "model": VALUE, "values": {"name": "good"}}]
        message, _none = self.refused("fr_FR", "submit", operations=operations, max_failures="x%")
        self.assertEqual(
            message,
            "max_failures doit être un nombre entier de 1 à 1000000000, ou une part de 100 % au "
            "plus, par exemple \"5%\", et non 'x%'.",
        )
        job = self.submit(operations, user=self.french)
        message, _none = self.refused("fr_FR", "retry", job.ids, indexes=[])
        most = formatLang(self.env(context={"lang": "fr_FR"}), 10_000, digits=0)
        self.assertEqual(
            message, f"indexes doit être une liste de 1 à {most} index, par exemple [7]."
        )

    def test_what_is_stored_has_the_language_of_the_owner(self):
        """Reasons and notes, whatever the language of the call; the type of an error is a word of
        the API, and stays as it is."""
        job = self.submit_and_run(
            [
                {"op": "create", "model": VALUE, "values": {"number": 1}, "ref": "bad"},
                {"op": "write", "model": VALUE, "ids": {"$ref": "bad"}, "values": {"number": 2}},
                {"op": "call", "model": VALUE, "method": "return_strange", "args": ["set"]},
                {
                    "op": "call",
                    "model": REPAIR,
                    "method": "end_transaction",
                    "kwargs": {"name": "languages", "how": "connection"},
                },
            ],
            user=self.french,
        )
        _bad, skipped, strange, ends = self.outcomes(job.with_context(lang="en_US"))
        self.assertEqual(
            (skipped["state"], skipped["error"]["type"], skipped["error"]["message"]),
            (
                "skipped",
                "reference",
                "Sa référence 'bad', l'opération 0, a échoué ; une relance répète les deux.",
            ),
        )
        self.assertEqual(
            (strange["state"], strange["note"]),
            (
                "done",
                "La valeur de retour, de type set, n'est pas du simple JSON et n'a pas été "
                "conservée.",
            ),
        )
        self.assertEqual(
            (ends["error"]["type"], ends["error"]["message"]),
            (
                "error",
                "Elle a appelé commit() de la connexion : une opération d'un traitement par lots "
                "ne peut pas mettre fin à la transaction. Son issue est enregistrée avec celle-ci.",
            ),
        )

    def test_why_a_chunk_waits(self):
        """The trouble of a chunk, too, is stored in the language of the owner."""
        job = self.submit([upsert("code", code="held", name="held")], user=self.french)
        holder, runner = self.runner(1), self.runner()
        operations = holder.env["batch.job.operation"]._pending(job.id, 0, 0)
        KeyLocks(holder.cr).take(holder.env, operations, 10)
        holder.cr.commit()
        with patch.object(key_locks, "PATIENCE", "20ms"):
            runner.step()
        self.assertEqual(
            self.ask("SELECT trouble FROM batch_job_chunk WHERE job_id = %s", job.id),
            ("Un autre traitement travaille sur des enregistrements avec les mêmes clés.",),
        )

    def test_a_corrected_file(self):
        """The lines of a file are refused in the language of whoever uploads it."""
        operations = self.creates("file", 1)
        operations[0]["values"] = {"name": False, "value": 1}
        job = self.submit_and_run(operations, user=self.french).with_context(lang="fr_FR")
        text = f"Job,Row,name,value\n{job.id},1,file,abc\n"
        with self.assertRaises(UserError) as refused:
            job.correct_file(file=base64.b64encode(text.encode()).decode())
        self.assertEqual(
            str(refused.exception),
            "Ligne 2, colonne « value » : elle contient « abc » ; on y met un nombre entier, par "
            "exemple 7.",
        )

    def test_the_rows_of_a_file_have_their_numbers(self):
        """What is refused of an imported file names its rows, in any language."""
        env = self.env(user=self.french.id, su=False, context={"lang": "de_DE"})
        with self.assertRaises(UserError) as refused:
            rows = [["a", "1"], ["b", ""], ["c", ""]]
            FileImport(env, 2).submit(rows, KEY, ["name", "code"], ["code"])
        problem = (
            "Der Schlüssel 'code' hat keinen Wert; jede Zeile braucht einen, außer denen, die den "
            "vorhergehenden Datensatz um Positionen ergänzen."
        )
        self.assertEqual(str(refused.exception), f"Zeile 3: {problem}\nZeile 4: {problem}")

    def test_the_title_of_a_row(self):
        """Colon and quotation marks are those of the language."""
        operation = {"op": "create", "model": VALUE, "values": {"name": "Gros"}}
        job = self.submit([operation], user=self.french)
        model = self.env["ir.model"]._get(VALUE).name
        titles = {
            "fr_FR": f"Créer : {model} « Gros »",
            "de_DE": f"Erstellen: {model} „Gros“",
            "en_US": f"Create: {model} “Gros”",
        }
        for lang, title in titles.items():
            with self.subTest(lang=lang):
                self.assertEqual(job.with_context(lang=lang).operation_ids.title, title)
