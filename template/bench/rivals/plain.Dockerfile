# Django, the REST framework and gunicorn, installed the plain way.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
ARG PACKAGES
# The argument names the versions, which are the image's.
# hadolint ignore=DL3013
RUN pip install --no-cache-dir --ignore-installed --root-user-action=ignore ${PACKAGES}
