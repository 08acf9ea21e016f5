"""Arabic with Latin digits, as ``ar-u-nu-latn`` has them in a browser. Everything else is Django's own."""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
