"""The words of refusals in another language than English.

A client must not live on English words, so any other language serves; these are not Oracle's translations.
"""

from __future__ import annotations

import re

_WORDS = (
    ("Bad Request", "Fehlerhafte Anforderung"),
    ("Unauthorized", "Nicht autorisiert"),
    ("Not Found", "Nicht gefunden"),
    ("Method Not Allowed", "Methode nicht zulässig"),
    ("Internal Server Error", "Interner Serverfehler"),
    (r"Error while accessing a resource\. ", "Fehler beim Zugriff auf eine Ressource. "),
    (r"This record already exists\.", "Dieser Datensatz ist schon vorhanden."),
    (r"This entity already exists\.", "Diese Entität ist schon vorhanden."),
    (r"Uniqueness error - .+", "Fehler der Eindeutigkeit - Der gewählte Artikelname ist schon vergeben."),
    (r"Transaction type specified is incorrect\.", "Die angegebene Transaktionsart ist falsch."),
    (r"The record instance for external ID '(.*)' does not exist\.", r"Kein Datensatz hat die externe ID '\1'."),
    (r"The record instance does not exist\.", "Den Datensatz gibt es nicht."),
    (r"Invalid record instance identifier '(.*)'\.", r"Ungültige Kennung eines Datensatzes '\1'."),
    (r"Provide a valid record instance ID\.", "Geben Sie eine gültige Kennung an."),
    (r"Record type '(.*)' does not exist\.", r"Die Datensatzart '\1' gibt es nicht."),
    (r"Unknown field name (.*?)\. The field does not exist on this record instance\.", r"Unbekannter Feldname \1."),
    (
        r"You have entered an Invalid Field Value (.*) for the following field: (.*)\.",
        r"Sie haben einen ungültigen Feldwert \1 für das folgende Feld eingegeben: \2.",
    ),
    (r"Invalid (\S+) reference key (.*) for (.*)\.", r"Ungültiger Verweis \2 in \1 für \3."),
    (
        r"The (.*) account cannot be used with the currency of this transaction\.",
        r"Das Konto \1 kann mit der Währung dieser Transaktion nicht verwendet werden.",
    ),
    (
        r"The (.*) account cannot be used with the (.*) subsidiary\.",
        r"Das Konto \1 kann mit der Niederlassung \2 nicht verwendet werden.",
    ),
    (r"Please enter value\(s\) for: (.*)", r"Bitte geben Sie Werte ein für: \1"),
    (
        r"The field (.*) contained more than the maximum number \( (.*) \) of characters allowed\.",
        r"Das Feld \1 enthält mehr als die zulässigen \2 Zeichen.",
    ),
    (r"Invalid content in the request body: (.*)", r"Ungültiger Inhalt der Anforderung: \1"),
    (r"You must enter at least one line item .*", "Geben Sie mindestens eine Position ein."),
    (r"The total cannot be negative", "Die Summe darf nicht negativ sein"),
    (
        r"Transaction was not in balance\. Please round amounts to (.*) decimal places\.",
        r"Die Transaktion war nicht ausgeglichen. Runden Sie auf \1 Stellen.",
    ),
    (r"The amounts in a journal entry must balance\.", "Die Beträge einer Buchung müssen sich ausgleichen."),
    (
        r"You have attempted an invalid sublist or line item operation\..*",
        "Sie haben eine ungültige Operation auf einer Unterliste oder Position versucht.",
    ),
    (r"Links sum to more than .* transaction amount", "Die Verknüpfungen ergeben mehr als den Betrag der Transaktion"),
    (r"Applied and unapplied amounts .*", "Verrechnete und offene Beträge ergeben nicht die Summe der Transaktion."),
    (r"This record cannot be deleted .*", "Dieser Datensatz kann nicht gelöscht werden, andere hängen von ihm ab"),
    (r"You cannot change the (.*) of this transaction\.", r"Sie können \1 dieser Transaktion nicht ändern."),
    (r"You cannot change a voided transaction\.", "Eine stornierte Transaktion bleibt, wie sie ist."),
    (r"There is no open accounting period for .* (\S+)", r"Für das Datum \1 gibt es keine offene Buchungsperiode"),
    (r"The accounting period (.*) is closed\.", r"Die Buchungsperiode \1 ist geschlossen."),
    (r"The accounting period (.*) is locked .*", r"Die Buchungsperiode \1 ist für Debitoren gesperrt."),
    (r"The transaction date you specified .*", "Das Datum der Transaktion liegt nicht in der Buchungsperiode."),
    (r"Concurrent request limit exceeded\..*", "Grenze gleichzeitiger Anforderungen überschritten."),
    (r"Invalid login attempt\.", "Ungültiger Anmeldeversuch."),
    (r"An unexpected error occurred\. Error ID: (.*)", r"Ein unerwarteter Fehler ist aufgetreten. Fehler-ID: \1"),
    (r"Invalid search query\. Detailed unprocessed description follows\.", "Ungültige Abfrage."),
    (r"Invalid value '(.*)' for the query parameter (.*)\.", r"Ungültiger Wert '\1' des Parameters \2."),
    (
        r"Invalid query parameter value (.*) for offset\. .* divisible by (.*)\.",
        r"Ungültiger Wert \1 von offset, kein Vielfaches von \2.",
    ),
    (r"The query returns more than (.*) results\..*", r"Die Abfrage liefert mehr als \1 Ergebnisse."),
    (r"Search error occurred: Field '(.*)' for record '(.*)' was not found\. Reason:", r"Feld '\1' von '\2' fehlt:"),
    (r"Invalid value of the header Accept\. Provide (.*)\.", r"Ungültiger Kopf Accept, erwartet: \1."),
    (r"The required request header 'Prefer' .*", "Der Kopf 'Prefer' fehlt oder ist nicht 'transient'."),
    (r"Method not allowed\.", "Methode nicht zulässig."),
)


def german(text: str) -> str:
    """The text of a refusal in German; names and values in it stay. The refusal of a language stays English (seen)."""
    if text.startswith("Invalid language."):
        return text
    for english, other in _WORDS:
        text = re.sub(english, other, text)
    return text
