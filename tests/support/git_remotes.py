"""Git remotes as people have them, on loopback: an sshd of Debian's with keys of its own, and git's http-backend behind TLS and a
password."""

import base64
import contextlib
import getpass
import http.server
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import time

SSHD = pathlib.Path("/usr/sbin/sshd")


def make_key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path], check=True)
    return path


def make_repository(path):
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True)
    return path


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def ssh_server(folder):
    """An sshd that lets this process's own user in with `key`; `known_hosts` names its host key."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it gives up its privileges
    port = free_port()
    host_key, key = make_key(folder / "host_key"), make_key(folder / "key")
    (folder / "authorized_keys").write_text((folder / "key.pub").read_text())
    config = folder / "sshd_config"
    config.write_text(f"""Port {port}
ListenAddress 127.0.0.1
HostKey {host_key}
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
""")
    with open(folder / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stderr=log)
    try:
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.02)
        kind, public = (folder / "host_key.pub").read_text().split()[:2]
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {kind} {public}\n")
        yield SshServer(folder, port, key)
    finally:
        process.terminate()
        process.wait(10)


class SshServer:
    def __init__(self, folder, port, key):
        self.key, self.known_hosts = key, folder / "known_hosts"
        self.origin = f"ssh://{getpass.getuser()}@127.0.0.1:{port}"
        self.port = port


class HttpsServer:
    """git's http-backend over `folder`, for `user` with `password` alone. `ca` is the certificate to trust."""

    user, password = "copier", "a password: with =signs"

    def __init__(self, folder, certificates):
        self.folder = pathlib.Path(folder)
        certificates = pathlib.Path(certificates)
        certificates.mkdir(parents=True, exist_ok=True)
        self.ca, key = certificates / "ca.pem", certificates / "ca.key"
        make_certificate(self.ca, key)
        server, wanted = self, "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def read_body(self):
                if self.headers.get("Transfer-Encoding", "") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def do_GET(self):
                body = self.read_body()
                if self.headers.get("Authorization") != wanted:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="git"')
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                path, _, query = self.path.partition("?")
                environment = {
                    "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(server.folder), "GIT_HTTP_EXPORT_ALL": "1",
                    "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
                    "GIT_CONFIG_KEY_1": "http.receivepack", "GIT_CONFIG_VALUE_1": "true",
                    "REMOTE_USER": server.user, "REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", "")}
                answer = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True,
                                        check=True).stdout
                head, _, content = answer.partition(b"\r\n\r\n")
                headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
                self.send_response(int(headers.pop("Status", "200").split()[0]))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, key)

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 64

            def finish_request(self, request, client_address):
                # In the connection's own thread. A client that does not like the certificate hangs up.
                try:
                    with context.wrap_socket(request, server_side=True) as secure:
                        super().finish_request(secure, client_address)
                except OSError as error:
                    print(f"git over https: {client_address} was hung up on: {error!r}", file=sys.stderr)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.origin = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def make_certificate(certificate, key):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
