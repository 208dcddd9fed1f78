# Django, the REST framework and gunicorn, installed the plain way. Their versions are the image's.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
ARG PACKAGES
# hadolint ignore=DL3013
RUN pip install --no-cache-dir --ignore-installed --root-user-action=ignore ${PACKAGES}
