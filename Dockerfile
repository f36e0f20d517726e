# The server in a container.
#
# Untested: no container engine runs where this was written. Its stages were gone through by hand, and a test holds its
# paths, its versions and its health check to the rest of the house.
#
#   docker build -t affetto .
#   docker run -p 8723:8723 -v affetto:/data -e AFFETTO_TOKEN affetto
#
# Who passes the image on passes on what is in it, under its terms: Affetto (Apache-2.0) with its bundled model (for
# research and other non-commercial use alone), Python, Debian; and in PyAV's wheel FFmpeg (LGPL) with x264 and x265
# (GPL). Licences lie in the dist-info of each package below /opt/affetto; those of the web page are shown at /notices.

ARG PYTHON=3.13

FROM node:24-slim AS page
WORKDIR /build/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci
COPY web ./
COPY src/affetto/report/assets ../src/affetto/report/assets
RUN npm run build

# Not the slim image: on Linux for ARM miniaudio comes without a wheel, and is compiled.
FROM python:${PYTHON} AS install
WORKDIR /build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
COPY --from=page /build/src/affetto/server/page src/affetto/server/page
RUN pip wheel --no-deps --wheel-dir dist . \
    && python -m venv --without-pip /opt/affetto \
    && wheel=$(ls dist/affetto-*.whl) \
    && pip --python /opt/affetto/bin/python install --constraint constraints.txt "${wheel}[server]"

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="Affetto" \
      org.opencontainers.image.description="Hears the feeling in a voice: recordings by REST, live sound by WebSocket." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0 AND LicenseRef-Affetto-Weights-NonCommercial AND GPL-2.0-or-later AND LGPL-3.0-or-later"
COPY --from=install /opt/affetto /opt/affetto
# A number, so that whoever runs it can see that it isn't root's.
RUN groupadd --gid 10001 affetto \
    && useradd --uid 10001 --gid affetto --no-create-home --home-dir /data --shell /usr/sbin/nologin affetto \
    && install --directory --owner=affetto --group=affetto --mode=700 /data
ENV PATH=/opt/affetto/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
# Streams that outlive their connection; all else that is written goes to /tmp, and goes away again.
VOLUME /data
EXPOSE 8723
# Not by urllib, which would ask a proxy that the container is told of.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-ISc", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8723, timeout=4); c.request('GET', '/health'); raise SystemExit(c.getresponse().status != 200)"]
# Other machines reach it, so it wants AFFETTO_TOKEN, and says so where there is none. More options may follow.
ENTRYPOINT ["affetto", "serve", "--host", "0.0.0.0", "--data", "/data"]
