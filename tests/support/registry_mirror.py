"""A mirror of package registries for tests: PyPI's simple index and npm's tarballs, of one package each, over TLS on loopback."""

import base64
import hashlib
import http.server
import io
import json
import pathlib
import ssl
import subprocess
import tarfile
import threading
import zipfile


def wheel():
    """greeting 1.0.0 for Python."""
    out = io.BytesIO()
    files = {"greeting.py": "def greet(who):\n    return f'hello {who}'\n",
             "greeting-1.0.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0.0\n",
             "greeting-1.0.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    record = "greeting-1.0.0.dist-info/RECORD"
    files[record] = "".join(f"{name},,\n" for name in (*files, record))
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def tarball():
    """greeting 1.0.0 for Node.js; its install script must not run."""
    out = io.BytesIO()
    manifest = {"name": "greeting", "version": "1.0.0", "main": "index.js", "bin": {"greet": "index.js"},
                "scripts": {"install": "touch /tmp/build/script-ran && touch script-ran"}}
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in (("package.json", json.dumps(manifest)),
                              ("index.js", "exports.greet = (who) => `hello ${who}`;\n")):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    return out.getvalue()


class RegistryMirror:
    """`ca` is the certificate to trust, `requests` what was asked."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.ca, key = folder / "ca.pem", folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", self.ca],
                       check=True, capture_output=True)
        self.wheel, self.tarball = wheel(), tarball()
        self.requests = []
        name = "greeting-1.0.0-py3-none-any.whl"
        digest = hashlib.sha256(self.wheel).hexdigest()
        self.pages = {
            "/simple/greeting/": ("text/html", f'<a href="/files/{name}#sha256={digest}">{name}</a>'.encode()),
            f"/files/{name}": ("application/zip", self.wheel),
            "/greeting/-/greeting-1.0.0.tgz": ("application/octet-stream", self.tarball),
        }
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.requests.append(self.path)
                kind, body = mirror.pages.get(self.path, ("text/plain", None))
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    @property
    def wheel_hash(self):
        return hashlib.sha256(self.wheel).hexdigest()

    @property
    def tarball_integrity(self):
        return "sha512-" + base64.b64encode(hashlib.sha512(self.tarball).digest()).decode()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
