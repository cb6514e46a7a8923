/**
 * What the server uses of node:http. An `import` of a built-in module reads all its exports, and one of those of
 * node:http loads the whole of undici when it is read: that would be a tenth of the time to start.
 */
import type * as NodeHttp from 'node:http';

const http: typeof NodeHttp = process.getBuiltinModule('node:http');

export const createServer: typeof NodeHttp.createServer = http.createServer;
export const STATUS_CODES: typeof NodeHttp.STATUS_CODES = http.STATUS_CODES;
export const validateHeaderValue: typeof NodeHttp.validateHeaderValue = http.validateHeaderValue;
