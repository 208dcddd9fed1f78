# The order that many start with: everything is copied, then the packages are installed.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir --ignore-installed --root-user-action=ignore -r requirements.txt
EXPOSE 80
CMD ["python", "manage.py", "runserver", "0.0.0.0:80"]
