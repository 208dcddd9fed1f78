# The application's image: docker build -t app . && docker run -p 8080:80 app
# The first stage has what both others need. Another Python is another tag here, and another
# python-version in .github/workflows/ci.yml. A Debian package that the application needs to run
# (gdal-bin, libmagic1, ...) is one more line:
# RUN apt-get update && apt-get install -y --no-install-recommends PACKAGE && rm -rf /var/lib/apt/lists/*
FROM public.ecr.aws/docker/library/python:3.14-slim-trixie AS base
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/app/src \
    DJANGO_SETTINGS_MODULE=itemsAPP.settings \
    STATIC_ROOT=/static \
    DATA_DIR=/data
WORKDIR /app

# What only builds stays in this stage: compilers, pip and its cache.
# A package without a wheel wants gcc, and often a library's headers (libpq-dev, ...):
# RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
FROM base AS build
# Dependencies before code: a change of the code installs nothing.
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /venv \
 && pip --python /venv/bin/python install --disable-pip-version-check --require-hashes -r requirements.txt
# A front end that has to be built: copy its result from a stage of its own, `FROM node:... AS assets`.
COPY . ./
# Readable for the container's user, also from a checkout that only its owner can read. Bytecode,
# because that user cannot write any. A key, because settings want one; it stays in no layer.
RUN chmod -R a+rX . \
 && python -m compileall -q . \
 && SECRET_KEY=only-for-this-step python manage.py collectstatic --noinput

FROM base
# A user without a name elsewhere and without rights: Kubernetes and ECS tell by the number that it is
# not root. The folder holds the demo's SQLite; nothing else is ever written, bar /tmp and /dev/shm.
RUN groupadd --gid 10001 app \
 && useradd --uid 10001 --gid app --no-create-home --shell /usr/sbin/nologin app \
 && install --directory --owner=app --group=app --mode=0700 /data
COPY --from=build /venv /venv
COPY --from=build /static /static
COPY --from=build /app ./
USER 10001:10001
VOLUME /data
ENV PORT=80
EXPOSE 80
# http.client follows no redirect. On ECS the load balancer asks instead, and this line is ignored.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --start-interval=1s \
  CMD ["python", "-c", "\
import http.client, os, sys; \
connection = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); \
connection.request('GET', '/health/live'); \
sys.exit(connection.getresponse().status // 100 != 2)"]
# Every command of the image starts through it, migrations and workers too: it makes DATABASE_URL.
ENTRYPOINT ["python", "/app/deploy/entrypoint.py"]
# The server's settings are named, so that no other gunicorn.conf.py can take their place.
CMD ["gunicorn", "--config", "/app/deploy/gunicorn.conf.py", "itemsAPP.wsgi"]
# Last, because it changes with every commit.
ARG COMMIT_SHA=""
ENV COMMIT_SHA=${COMMIT_SHA}
LABEL org.opencontainers.image.revision="${COMMIT_SHA}"
