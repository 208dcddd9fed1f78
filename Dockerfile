ARG BASE_IMAGE=public.ecr.aws/docker/library/python:3.13-slim-trixie
# The build finds these by itself and prints what it found. Where it is wrong, say it here:
# the folder of manage.py, the file that names the packages, the module of the settings.
ARG PROJECT_DIR=""
ARG REQUIREMENTS=""
ARG SETTINGS=""
# Settings may want variables to be loaded. These serve the build, and nothing of them stays.
ARG BUILD_VARIABLES="SECRET_KEY=only-for-the-build DJANGO_SECRET_KEY=only-for-the-build"
# Debian packages: what a Python package may need that has to be compiled, and what one needs to run.
ARG BUILD_PACKAGES="g++ git pkg-config libpq-dev default-libmysqlclient-dev libcurl4-openssl-dev libssl-dev libffi-dev libldap-dev libsasl2-dev libxml2-dev libxslt1-dev libxmlsec1-dev libjpeg-dev zlib1g-dev make"
ARG SYSTEM_PACKAGES=""

# What the packages come from, so that a change of anything else installs none.
FROM ${BASE_IMAGE} AS requirements
ARG PROJECT_DIR REQUIREMENTS
WORKDIR /build
COPY docker_image/ docker_image/
RUN --mount=type=bind,target=/context python -m docker_image requirements /context /requirements

FROM ${BASE_IMAGE} AS packages
ARG BUILD_PACKAGES SYSTEM_PACKAGES
WORKDIR /build
COPY docker_image/ docker_image/
COPY --from=requirements /requirements /requirements
# Bytecode and timestamps that depend on the requirements alone make equal layers, also on another
# machine, so that a registry is sent them once. Translations are read from .mo files, never .po,
# and nobody reads the maps of the scripts of API pages, but scripts may point to them.
# What has no bytecode can be imported all the same: tests, and parts that this server leaves off.
# A traceback names the line of a package's code, and of the project's also the place in the line.
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /venv \
 && python -m docker_image packages /requirements /venv /needed \
 && find /venv -type f -name "*.po" -delete \
 && find /venv -type f -path "*_sidecar/*.js.map" -exec truncate --size=0 {} + \
 && PYTHONNODEBUGRANGES=1 python -m compileall -q -j 0 --invalidation-mode unchecked-hash -x "/tests/|/django/contrib/gis/|/gunicorn/(asgi|ctl|dirty)/" /venv \
 && find /venv -exec touch --no-dereference --date=@0 {} +

FROM packages AS application
ARG PROJECT_DIR SETTINGS BUILD_VARIABLES
ENV PATH=/venv/bin:$PATH DATA_DIR=/data STATIC_ROOT=/app/static
COPY . /app
RUN chmod -R a+rX /app \
 && python -m docker_image build /app /collected /unneeded.json \
 && find /app/docker_image -type f ! -name __init__.py ! -name server.py ! -name worker.py -delete \
 && (python -m compileall -q /app || true) \
 && find /collected -exec touch --no-dereference --date=@0 {} +

# The packages without what this project never asks for: made again only if that has changed.
FROM packages AS trimmed
COPY --from=application /unneeded.json /
RUN python -m docker_image unneeded /unneeded.json \
 && find /venv -newermt @0 -exec touch --no-dereference --date=@0 {} +

FROM ${BASE_IMAGE}
ARG BASE_IMAGE
LABEL org.opencontainers.image.base.name="${BASE_IMAGE}"
RUN --mount=type=bind,from=packages,source=/needed,target=/needed \
    if [ -s /needed ]; then \
      apt-get -qq update && xargs apt-get -qq install --yes --no-install-recommends < /needed \
      && rm -rf /var/lib/apt/lists/* /var/cache/apt/*; \
    fi \
 && groupadd --gid 10001 app \
 && useradd --uid 10001 --gid app --no-create-home --shell /usr/sbin/nologin app \
 && install --directory --owner=app --group=app --mode=0700 /data
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PORT=80 DATA_DIR=/data STATIC_ROOT=/app/static
COPY --link --from=trimmed /venv /venv
COPY --link --from=application /collected /
COPY --link --from=application /app ./
USER 10001:10001
VOLUME /data
EXPOSE 80
# http.client follows no redirect. On ECS the load balancer asks instead, and this line is ignored.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --start-interval=1s \
  CMD ["python", "-c", "\
import http.client, os, sys; \
connection = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); \
connection.request('GET', '/health/live'); \
sys.exit(connection.getresponse().status // 100 != 2)"]
CMD ["gunicorn"]
# Last, because it changes with every commit.
ARG COMMIT_SHA=""
ENV COMMIT_SHA=${COMMIT_SHA}
LABEL org.opencontainers.image.revision="${COMMIT_SHA}"
