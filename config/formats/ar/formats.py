"""Arabic with Latin digits, as ``ar-u-nu-latn`` has them in a browser. Days with a time in the
order of day, month and year, for which Django has none in Arabic. Everything else is Django's own."""

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j F Y، g:i A"
SHORT_DATETIME_FORMAT = "d/m/Y g:i A"

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
