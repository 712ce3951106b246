FROM python:3.12-slim

RUN useradd --create-home --uid 10001 vocero
WORKDIR /srv/vocero

COPY requirements.lock ./
RUN python -m pip install --no-cache-dir --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
COPY nlu ./nlu
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation . \
    && install --directory --owner=vocero --mode=0700 data

USER vocero
ENV VOCERO_WEB_HOST=0.0.0.0 \
    VOCERO_LOG_FORMAT=json
EXPOSE 8080
VOLUME ["/srv/vocero/data"]
HEALTHCHECK --start-period=90s --interval=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health/ready', timeout=5)"]
STOPSIGNAL SIGTERM
CMD ["vocero", "run"]
