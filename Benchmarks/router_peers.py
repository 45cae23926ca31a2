"""The servers that the router is measured against, each with one worker, upstream keep-alive and no access log."""

import pathlib

UPSTREAM, PORTS = 18080, {"berth": 18081, "nginx": 18082, "haproxy": 18083, "caddy": 18084}
TLS = {name: port + 100 for name, port in PORTS.items()}

UPSTREAM_CONF = """
daemon off; worker_processes 1; pid {folder}/upstream.pid; error_log /dev/null crit;
events {{ worker_connections 20000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; sendfile on; client_max_body_size 0;
  server {{
    listen 127.0.0.1:{upstream} backlog=4096; default_type text/plain; root {folder}/files;
    location = /1k {{ try_files /1k.txt =404; }}
    location = /10m {{ try_files /10m.txt =404; }}
    location = /post {{ return 200 "ok"; }}
  }}
}}
"""

NGINX_CONF = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null crit;
events {{ worker_connections 20000; multi_accept on; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; sendfile on; tcp_nopush on;
  open_file_cache max=1000 inactive=60s; client_max_body_size 0; default_type text/plain; etag on;
  upstream app {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}
  ssl_certificate {folder}/certificates/a.crt; ssl_certificate_key {folder}/certificates/a.key;
  ssl_session_cache shared:s:10m; ssl_protocols TLSv1.2 TLSv1.3; http2_max_requests 100000000;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
  proxy_set_header X-Forwarded-For $remote_addr; proxy_buffers 16 64k; proxy_buffer_size 64k;
  proxy_busy_buffers_size 256k; proxy_max_temp_file_size 0; client_body_buffer_size 64k;
  server {{ listen 127.0.0.1:{port} backlog=4096; listen 127.0.0.1:{tls} ssl http2 backlog=4096;
    server_name app.localhost; location / {{ proxy_pass http://app; }} }}
  server {{ listen 127.0.0.1:{port}; listen 127.0.0.1:{tls} ssl http2;
    server_name site.localhost; root {folder}/files; }}
}}
"""

HAPROXY_CONF = """
global
  nbthread 1
  maxconn 8000
  tune.ssl.default-dh-param 2048
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  option http-keep-alive
frontend f
  bind 127.0.0.1:{port}
  bind 127.0.0.1:{tls} ssl crt {folder}/haproxy.pem alpn h2,http/1.1
  option forwardfor
  default_backend b
backend b
  http-reuse always
  server s 127.0.0.1:{upstream} pool-max-conn 256
"""

CADDYFILE = """
{{
  admin off
  auto_https off
  log {{
    level ERROR
  }}
}}
(app) {{
  reverse_proxy 127.0.0.1:{upstream}
}}
(site) {{
  root * {folder}/files
  file_server
}}
http://app.localhost:{port} {{
  import app
}}
http://site.localhost:{port} {{
  import site
}}
https://app.localhost:{tls} {{
  tls {folder}/certificates/a.crt {folder}/certificates/a.key
  import app
}}
https://site.localhost:{tls} {{
  tls {folder}/certificates/a.crt {folder}/certificates/a.key
  import site
}}
"""


def commands(folder: pathlib.Path, router: str) -> dict[str, list[str]]:
    """Writes the configurations and returns how each server is started, the upstream among them."""
    facts = {"folder": folder, "upstream": UPSTREAM}
    (folder / "upstream.conf").write_text(UPSTREAM_CONF.format(**facts))
    for name, text in {"nginx": NGINX_CONF, "haproxy": HAPROXY_CONF, "caddy": CADDYFILE}.items():
        (folder / f"{name}.conf").write_text(text.format(port=PORTS[name], tls=TLS[name], **facts))
    pem = [(folder / "certificates" / f"a.{part}").read_text() for part in ("crt", "key")]
    (folder / "haproxy.pem").write_text("".join(pem))
    return {
        "upstream": ["nginx", "-c", str(folder / "upstream.conf")],
        "berth": [router, str(PORTS["berth"]), str(UPSTREAM), str(folder / "files"),
                  str(folder / "certificates"), str(TLS["berth"])],
        "nginx": ["nginx", "-c", str(folder / "nginx.conf")],
        "haproxy": ["haproxy", "-q", "-f", str(folder / "haproxy.conf")],
        "caddy": ["caddy", "run", "--config", str(folder / "caddy.conf"), "--adapter", "caddyfile"],
    }
