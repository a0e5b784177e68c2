# syntax=docker/dockerfile:1
#
# The image holds one static program, the certificates of public authorities
# and nothing else: no shell, no package manager, no user but a number. The
# time zone database is inside the program.
#
# hack/image.sh verify checks what can be checked without a container engine.

FROM golang:1.26-bookworm AS build
ARG VERSION=unknown
ENV GOTOOLCHAIN=local
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN make build BIN_DIR=/out VERSION=$VERSION

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/kdz-operator /kdz-operator
USER 65532:65532
ENTRYPOINT ["/kdz-operator"]
