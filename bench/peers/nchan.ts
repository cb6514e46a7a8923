/** nginx with nchan, both Debian's. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../../test/certificate.ts';
import { freePort } from '../../test/servers/free-port.ts';
import { temporaryFolder } from '../process/folder.ts';
import { findProgram, installPackages, versionFrom } from '../process/install.ts';
import { launch } from '../process/launch.ts';
import type { System } from './system.ts';

const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';

export const nchan: System = {
  name: 'nginx + nchan',
  shapes: ['broadcast', 'rooms'],
  hasTls: true,
  prepare() {
    const isHere = (): boolean => findProgram('nginx') !== undefined && existsSync(MODULE);
    const problem = isHere() ? undefined : installPackages(['nginx', 'libnginx-mod-nchan']);
    if (!isHere()) return { missing: problem ?? 'it is not where Debian puts it' };
    const version = versionFrom(findProgram('nginx') ?? 'nginx', ['-v']) ?? '?';
    const module = versionFrom('dpkg-query', ['-W', '-f', '${Version}', 'libnginx-mod-nchan']) ?? '?';
    return { version: `${version} + ${module}` };
  },
  async start(shape, certificate) {
    const folder = temporaryFolder('nginx');
    const port = await freePort();
    const file = join(folder.path, 'nginx.conf');
    writeFileSync(file, configuration(folder.path, port, certificate));
    const launched = await launch([findProgram('nginx') ?? 'nginx', '-c', file, '-p', folder.path], {
      core: 'server',
      port,
    });
    const isSecure = certificate !== undefined;
    const room = shape === 'rooms' ? '{room}' : 'r0000';
    return {
      ...launched,
      publish: { kind: 'websocket', port, isSecure, path: `/in/${room}` },
      subscribe: { kind: 'websocket', port, isSecure, path: `/out/${room}` },
      async stop() {
        await launched.stop();
        folder.remove();
      },
    };
  },
};

/** One process, as one core has; room for messages of a window, or they would be lost before they are sent. */
function configuration(folder: string, port: number, certificate: Certificate | undefined): string {
  const tls =
    certificate === undefined
      ? ''
      : `ssl_certificate ${certificate.cert}; ssl_certificate_key ${certificate.key}; ssl_protocols TLSv1.3;`;
  return `
load_module ${MODULE};
daemon off;
master_process off;
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 16384; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  nchan_shared_memory_size 256M;
  server {
    listen 127.0.0.1:${port}${tls === '' ? '' : ' ssl'} backlog=4096;
    ${tls}
    location ~ ^/in/(\\w+)$ {
      nchan_publisher;
      nchan_channel_id $1;
      nchan_message_buffer_length 65536;
      nchan_message_timeout 10s;
    }
    location ~ ^/out/(\\w+)$ {
      nchan_subscriber;
      nchan_channel_id $1;
      nchan_subscriber_first_message newest;
    }
  }
}
`;
}
