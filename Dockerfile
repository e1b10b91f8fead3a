# The pipeline as an image. It holds no data, no setting and no secret: mount /srv/stripe-credit/data and mappings, pass the environment.
#   docker build -t stripe-credit .
#   docker run --rm --env-file .env -v "$PWD/data:/srv/stripe-credit/data" -v "$PWD/mappings:/srv/stripe-credit/mappings" stripe-credit run

FROM python:3.12 AS build
WORKDIR /srv/stripe-credit
COPY Makefile requirements.lock ./
RUN make setup

FROM python:3.12-slim
WORKDIR /srv/stripe-credit
# The user has no entry in the password file; without these names Python asks for one.
ENV HOME=/srv/stripe-credit USER=pipeline
# The page, the workbook and mappings-todo.xlsx outlive the container.
ENV REPORT_DIR=data/reports
COPY --from=build /srv/stripe-credit/.venv .venv
COPY --chown=1000:1000 . .
RUN mkdir -p data mappings && chown 1000:1000 . data mappings
USER 1000:1000
# As Ctrl-C: the pipeline ends with a sentence, and the next run goes on from there.
STOPSIGNAL SIGINT
ENTRYPOINT [".venv/bin/python", "-B", "-m", "pipeline"]
CMD ["run"]
