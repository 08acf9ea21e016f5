"""Compare, measure, publish: where an admin shapes an assistant."""
