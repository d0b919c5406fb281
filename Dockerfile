# One image for every process of Covey: `covey worker`, `covey scheduler`, `covey listener` and all commands.
# It runs as a user of its own, holds no compiler and no package installer of ours, and works on a read-only root:
# what is written goes to /var/lib/covey (media) and /tmp.

FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

RUN python -m venv --without-pip /opt/covey
WORKDIR /src

# The dependencies first, against empty packages: a change of our own code does not install them again. The README is a
# stand-in: were it in the image, a new word in it would make another image, and all containers anew.
COPY pyproject.toml constraints.txt ./
RUN touch README.md \
 && mkdir shared workers scheduler listener control once simulator covey_client \
 && pip --python /opt/covey/bin/python install -c constraints.txt .

COPY . .
RUN pip --python /opt/covey/bin/python install -c constraints.txt --no-deps --force-reinstall .


FROM python:3.13-slim

ENV PATH=/opt/covey/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    COVEY_DATA_DIR=/var/lib/covey

# A volume that is mounted on the media folder for the first time takes over its owner.
RUN groupadd --system --gid 10001 covey \
 && useradd --system --uid 10001 --gid covey --home-dir /var/lib/covey --no-create-home \
            --shell /usr/sbin/nologin covey \
 && install -d -o covey -g covey /var/lib/covey /var/lib/covey/media

COPY --from=build /opt/covey /opt/covey

USER covey
WORKDIR /var/lib/covey
EXPOSE 8000 9191 9192 9193

ENTRYPOINT ["covey"]
CMD ["--help"]
