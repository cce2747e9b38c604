# The emulator as an image: `make image`. docs/localstack.md tells how to build it where nothing can be pulled.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# Parquet is left out by default: pyarrow is larger than all else together.
ARG EXTRAS=snappy
# Where pip looks; none of it stays in the image.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
WORKDIR /src
RUN python3 -m venv /opt/harness
COPY constraints.txt pyproject.toml ./
COPY harness/version.py harness/version.py
# With wheels beside this file (`make wheels`) nothing is downloaded. The README is there so that COPY finds something.
COPY README.md build/wheel[s] build/wheels/
# The dependencies first: they stay as they are when only our code changes.
RUN if ls build/wheels/*.whl >/dev/null 2>&1; then export PIP_NO_INDEX=1 PIP_FIND_LINKS=build/wheels; fi; \
    cp build/wheels/README.md . && touch harness/__init__.py && \
    /opt/harness/bin/python -m pip install --no-cache-dir --disable-pip-version-check -c constraints.txt ".[$EXTRAS]"
COPY harness harness
RUN if ls build/wheels/*.whl >/dev/null 2>&1; then export PIP_NO_INDEX=1 PIP_FIND_LINKS=build/wheels; fi; \
    /opt/harness/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --force-reinstall . && \
    /opt/harness/bin/python -m pip uninstall --quiet --yes pip

FROM ${PYTHON_IMAGE}
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin harness && \
    install -d -o harness -g harness /var/lib/harness
COPY --from=build /opt/harness /opt/harness
USER harness
WORKDIR /home/harness
ENV PATH=/opt/harness/bin:$PATH PYTHONUNBUFFERED=1
VOLUME /var/lib/harness
EXPOSE 4566
# On every address of the container: who reaches those is up to its network and to what is published.
ENTRYPOINT ["python", "-P", "-m", "harness.emulator", "--host", "0.0.0.0", "--allow-remote"]
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=5 CMD ["python", "-S", "-c", \
    "from http.client import HTTPConnection as C; c = C('127.0.0.1', 4566, timeout=4); c.request('GET', '/_harness/health'); raise SystemExit(c.getresponse().status != 200)"]
