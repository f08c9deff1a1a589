"""A server with a certificate, which refuses whatever AWS KMS is asked for. Prints its port.

refusing_kms.py CERTIFICATE KEY
"""

import http.server
import ssl
import sys

REFUSAL = b'{"__type": "TeapotException", "message": "it is allowed to nobody"}'


class Refuses(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(REFUSAL)))
        self.end_headers()
        self.wfile.write(REFUSAL)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Refuses)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
