"""One document, from its data source to its searchable chunks, and the search over them."""
