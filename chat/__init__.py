"""One question, from socket to citations: assistants, conversations, answers and their traces."""
