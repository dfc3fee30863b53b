// The SDK's HTTP handlers on loopback, for a server that itself speaks over stdio alone: the conformance suite knows
// no other way in.
import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import {
  createMcpHandler,
  isLegacyRequest,
  type Server,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';

const SESSION = 'mcp-session-id';

/**
 * Serves both protocol eras at one address, and returns it.
 * @param aliases addresses of resources that the suite asks for, and the ones that are meant
 */
export async function serveHttp(create: () => Server, aliases: ReadonlyMap<string, string>): Promise<string> {
  const modern = createMcpHandler(create, { legacy: 'reject' });
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();

  const beginSession = async () => {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await create().connect(transport);
    return transport;
  };
  const answer = async (request: Request): Promise<Response> => {
    const id = request.headers.get(SESSION);
    if (!id && !(await isLegacyRequest(request))) return modern.fetch(request);
    if (id && !sessions.has(id)) return new Response('no such session', { status: 404 });
    const transport = (id && sessions.get(id)) || (await beginSession());
    return transport.handleRequest(request);
  };
  const http = createHttpServer((incoming, outgoing) => {
    void toRequest(incoming, aliases)
      .then(answer)
      .then((response) => reply(response, outgoing))
      .catch((error) => {
        console.error(error);
        outgoing.writeHead(500).end();
      });
  });
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
}

async function toRequest(incoming: IncomingMessage, aliases: ReadonlyMap<string, string>): Promise<Request> {
  const { method = 'GET', url } = incoming;
  const { 'content-length': _, ...headers } = incoming.headers;
  let body = method === 'POST' ? Buffer.concat(await incoming.toArray()).toString() : undefined;
  for (const [alias, meant] of aliases) {
    body = body?.replaceAll(alias, meant);
    if (headers['mcp-name'] === alias) headers['mcp-name'] = meant;
  }
  return new Request(`http://${headers.host}${url}`, { method, headers: headers as Record<string, string>, body });
}

function reply(response: Response, outgoing: ServerResponse): void {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body) Readable.fromWeb(response.body as never).pipe(outgoing);
  else outgoing.end();
}
