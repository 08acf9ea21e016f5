# The commands to remember: make up, make test, make lint, make bench.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: up test lint bench image-test venv venv-dev browser clean

up: venv ## start everything and say when it is ready
	@exec $(BIN)/python manage.py up
venv: ;
