import { describe, expect, it } from 'vitest';
import { parametersOf, pathOf } from '../../../src/http/page/paths.js';

describe('paths of the page', () => {
  it.each([
    ['/chat', []],
    ['/rooms/:room', ['room']],
    ['/rooms/:room/seats/:seat', ['room', 'seat']],
    ['/rooms/:room?', ['path']],
    ['/rooms/:room(\\d+)', ['path']],
    ['/files/*', ['path']],
    ['/{a,b}', ['path']],
  ])('%s asks for %j', (pattern, names) => {
    expect(parametersOf(pattern)).toEqual(names);
  });

  it('are made of what was filled in, encoded', () => {
    expect(pathOf('/chat', {})).toBe('/chat');
    expect(pathOf('/rooms/:room/:seat', { room: 'café/1', seat: '?' })).toBe('/rooms/caf%C3%A9%2F1/%3F');
    expect(pathOf('/:path', { path: 'a b' })).toBe('/a%20b');
    expect(pathOf('/files/*', { path: '/files/a/b' })).toBe('/files/a/b');
  });
});
