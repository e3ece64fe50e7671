"""Remote write 1.0 by hand: what a benchmark sends to a controller as if it were a Prometheus."""
import http.client
import struct


def number(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(index, content):
    return number(index << 3 | 2) + number(len(content)) + content


def series(labels, at_ms, value):
    text = b"".join(field(1, field(1, name.encode()) + field(2, labels[name].encode())) for name in sorted(labels))
    return field(1, text + field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + number(at_ms)))


def uncompressed(text):
    """A block of snappy that holds the text as it is."""
    out = [number(len(text))]
    for i in range(0, len(text), 65536):
        part = text[i:i + 65536]
        out.append(b"\xf4" + struct.pack("<H", len(part) - 1) + part)
    return b"".join(out)


def body_of(all_series):
    """A request's body of (labels, milliseconds since 1970, value)."""
    return uncompressed(b"".join(series(*each) for each in all_series))


def post(connection, body):
    """Sends it and waits until it is stored."""
    connection.request("POST", "/api/v1/write", body, {
        "Content-Encoding": "snappy", "Content-Type": "application/x-protobuf", "X-Prometheus-Remote-Write-Version": "0.1.0"})
    answer = connection.getresponse()
    said = answer.read()
    if answer.status not in (200, 204):
        raise SystemExit(said.decode())


def connect(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)
