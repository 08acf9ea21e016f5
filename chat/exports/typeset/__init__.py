"""Sets text on pages: fonts for several scripts, both directions of writing, lines, blocks of Markdown, pages."""
