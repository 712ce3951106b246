# Two stages: what is installed is locked by hash; what runs has no compiler, no build tools and no rights.
FROM python:3.12-slim-bookworm AS build
WORKDIR /srv/build
RUN python -m venv /srv/venv
COPY requirements.lock ./
RUN /srv/venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
COPY nlu ./nlu
RUN /srv/venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /srv/venv/bin/python -m pip uninstall --yes --quiet pip setuptools

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home vocero \
    && install --directory --owner=vocero --group=vocero --mode=0700 /srv/vocero/data
COPY --from=build /srv/venv /srv/venv
WORKDIR /srv/vocero
ENV PATH=/srv/venv/bin:$PATH \
    LC_ALL=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    container=docker \
    VOCERO_WEB_HOST=0.0.0.0 \
    VOCERO_WEB_PORT=8080 \
    VOCERO_LOG_FORMAT=json
USER 10001:10001
EXPOSE 8080
VOLUME ["/srv/vocero/data"]
HEALTHCHECK --start-period=120s --interval=30s --timeout=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['VOCERO_WEB_PORT'] + '/health/live', timeout=5)"]
STOPSIGNAL SIGTERM
CMD ["vocero", "run"]
