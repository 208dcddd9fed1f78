ARG BASE_IMAGE=public.ecr.aws/docker/library/python:3.13-slim-trixie

FROM ${BASE_IMAGE} AS packages
WORKDIR /build
COPY requirements.txt .
# Bytecode and timestamps that depend on the requirements alone make equal layers, also on another
# machine, so that a registry is sent them once. Translations are read from .mo files, never .po.
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /venv \
 && pip --python /venv/bin/python install --require-hashes --no-compile -r requirements.txt \
 && find /venv -name "*.po" -delete \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash -x "/django/(contrib/gis|test)/" /venv \
 && find /venv -exec touch --no-dereference --date=@0 {} +

FROM packages AS application
WORKDIR /app
ENV PATH=/venv/bin:$PATH
COPY manage.py gunicorn.conf.py ./
COPY src/ src/
# The settings want a key and a folder: these serve nothing, and stay in this stage.
RUN chmod -R a+rX . \
 && python -m compileall -q src \
 && SECRET_KEY=only-for-collectstatic DATA_DIR=/tmp STATIC_ROOT=/collected/app/static \
    python manage.py collectstatic --noinput \
 && find /collected -exec touch --date=@0 {} +

FROM ${BASE_IMAGE}
ARG BASE_IMAGE
LABEL org.opencontainers.image.title="django-crud-app" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
RUN groupadd --gid 10001 app \
 && useradd --uid 10001 --gid app --no-create-home --shell /usr/sbin/nologin app \
 && install --directory --owner=app --group=app --mode=0700 /data
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PORT=80 \
    DATA_DIR=/data \
    STATIC_ROOT=/app/static
COPY --link --from=packages /venv /venv
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
