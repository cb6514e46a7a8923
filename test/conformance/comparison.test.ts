import { describe, expect, it } from 'vitest';
import { type Difference, differences, isPassed, text, type Verdict } from './comparison.ts';

const verdict = (behavior: string, remoteCloseCode: number | null = 1000, behaviorClose = 'OK'): Verdict => ({
  behavior,
  behaviorClose,
  remoteCloseCode,
});
const ok = verdict('OK');
const failed = verdict('FAILED', 1008, 'FAILED');

function kindsOf(id: string, araldo: Verdict, ws: Verdict): Difference['kind'][] {
  return differences({ [id]: araldo }, { [id]: ws }).map(({ kind }) => kind);
}

describe('isPassed', () => {
  it.each([
    ['OK', 'OK', true],
    ['NON-STRICT', 'OK', true],
    ['INFORMATIONAL', 'INFORMATIONAL', true],
    ['FAILED', 'OK', false],
    ['OK', 'FAILED', false],
    ['OK', 'UNCLEAN', false],
    ['OK', 'WRONG CODE', false],
    ['UNIMPLEMENTED', 'OK', false],
  ])('of %s, closing %s, is %s', (behavior, behaviorClose, isSo) => {
    expect(isPassed(verdict(behavior, 1000, behaviorClose))).toBe(isSo);
  });

  it('is false of a case that was not run', () => {
    expect(isPassed(undefined)).toBe(false);
  });
});

describe('differences', () => {
  it('are none where both end alike, well or badly', () => {
    expect(differences({ '1.1.1': ok, '9.3.1': failed }, { '1.1.1': ok, '9.3.1': failed })).toEqual([]);
  });

  it('come in the order of the numbers', () => {
    const all = { '10.1.1': ok, '2.10': ok, '2.9': ok };
    expect(differences(all, {}).map(({ id }) => id)).toEqual(['2.9', '2.10', '10.1.1']);
  });

  it('fail where araldo does not pass and ws does', () => {
    expect(kindsOf('3.2', failed, ok)).toEqual(['failure']);
    expect(kindsOf('3.2', verdict('OK', 1000, 'UNCLEAN'), ok)).toEqual(['failure']);
  });

  it('are worth a note where both pass, or ws does not', () => {
    expect(kindsOf('3.2', verdict('NON-STRICT'), ok)).toEqual(['note']);
    expect(kindsOf('3.2', ok, failed)).toEqual(['note']);
    expect(kindsOf('7.1.6', ok, verdict('OK', 1001))).toEqual(['note']);
  });

  it('are a limit only for messages of too many fragments, refused with 1008', () => {
    expect(kindsOf('9.3.4', failed, ok)).toEqual(['limit']);
    expect(kindsOf('9.4.3', failed, ok)).toEqual(['limit']);
    expect(kindsOf('9.3.5', failed, ok)).toEqual(['failure']);
    expect(kindsOf('9.3.4', verdict('FAILED', 1002, 'FAILED'), ok)).toEqual(['failure']);
  });

  it('fail for a case that only one of them was asked', () => {
    const [lost] = differences({}, { '1.1.1': ok });
    expect([lost?.kind, text(lost?.araldo)]).toEqual(['failure', 'not run']);
  });
});

describe('text', () => {
  it('says how a case ended, and what was wrong with its end', () => {
    expect(text(verdict('NON-STRICT', 1002))).toBe('NON-STRICT, closed with 1002');
    expect(text(verdict('OK', null, 'UNCLEAN'))).toBe('OK, not closed (UNCLEAN)');
    expect(text(failed)).toBe('FAILED, closed with 1008');
  });
});
