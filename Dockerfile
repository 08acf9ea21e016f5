# One image for every process: web (the default), worker, beat, prepare.
# The base needs Python 3.11 or newer with venv; python:3.12-slim-bookworm does, and so does a Debian made with
# debootstrap (see docker/image_test.sh).
ARG BASE=docker.io/library/python:3.12-slim-bookworm

FROM ${BASE} AS build
WORKDIR /app
COPY requirements.txt ./
RUN python3 -m venv .venv \
 && .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check -r requirements.txt \
 && .venv/bin/python -m pip uninstall --yes --quiet setuptools \
 && .venv/bin/python -m pip uninstall --yes --quiet pip
COPY manage.py ./
COPY config config
COPY playground playground
COPY chat chat
COPY documents documents
COPY accounts accounts
COPY live live
COPY rag rag
COPY templates templates
COPY static static
COPY demo demo
COPY locale locale
# Compiled code and compressed files are made once, here, as nothing can be written there later.
RUN DATA_DIR=/tmp/build .venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
 && .venv/bin/python -m compileall -q manage.py config playground chat documents accounts live rag \
 && rm -rf /tmp/build

FROM ${BASE}
RUN groupadd --gid 10001 footnote && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data footnote \
 && mkdir /data && chown footnote:footnote /data
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/health/live\", timeout=4)"]
ENTRYPOINT ["python", "manage.py"]
CMD ["web"]
