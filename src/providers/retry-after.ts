// How long a limit lasts, where the words of an error or a field of its body tell. Seen in issues:
//   Gemini API      "Please retry in 47.434392449s.", "retryDelay":"38s"     browserbase/mcp-server-browserbase#129
//   Code Assist     "Your quota will reset after 12h34m16s."                 earendil-works/pi#2851
//   OpenAI API      "Please try again in 7m12s.", "… in 564ms."              openai/codex#797, #463
//   Codex, of old   "or try again in 5 days 22 hours 11 minutes."            openai/codex#3899
//   Codex 0.169     "or try again at 2:51 PM.", "… at Nov 23rd, 2026 8:22 AM." (local time), seen with a stand-in for the API
//   Codex backend   "resets_in_seconds":13872                                earendil-works/pi#4172
//   Copilot         "Please wait 10 hours 58 minutes before trying again."   microsoft/vscode-copilot-release#3519

const LEAD = String.raw`(?:\b(?:re)?try(?: again)? (?:in|after)|\bresets? (?:in|after)|\bwait(?: for)?|retryDelay|quotaResetDelay)`;
const UNIT = '(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)';
/** What may stand between a name and its value, in a JSON text within JSON texts. */
const GAP = String.raw`[\s\\":]{1,20}`;
const PART = String.raw`\d+(?:\.\d+)? ?${UNIT}(?![a-z])`;
const DURATION = new RegExp(`${LEAD}${GAP}((?:${PART}[ ,]{0,2}){1,5})`, 'i');
/** Fields and headers that count in seconds. */
const SECONDS = new RegExp(
  String.raw`(?:resets_in_seconds|retry[-_ ]after(?:[-_]seconds)?)${GAP}(\d+(?:\.\d+)?)(?![\w.]*\w)`,
  'i',
);

const IN_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

const CLOCK = /try again at (?:([a-z]{3}) (\d{1,2})(?:st|nd|rd|th), (\d{4}) )?(\d{1,2}:\d\d [ap]m)/i;

/**
 * The seconds after which it may be tried again, as an error text says; undefined if it does not.
 * @param now the time (milliseconds) at which it is read, which is about when it was said
 */
export function retryAfter(text: string, now: number): number | undefined {
  const duration = DURATION.exec(text)?.[1];
  if (duration === undefined) {
    const seconds = SECONDS.exec(text)?.[1];
    return seconds === undefined ? untilClock(text, now) : Number(seconds);
  }
  const parts = [...duration.matchAll(/([\d.]+) ?([a-z]+)/gi)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * secondsIn(unit.toLowerCase()), 0);
}

function secondsIn(unit: string): number {
  return unit === 'ms' || unit.startsWith('milli') ? 0.001 : (IN_SECONDS[unit[0] ?? ''] ?? 0);
}

/** A time without a day is one of the day on which it was said; read later than that, it is over. */
function untilClock(text: string, now: number): number | undefined {
  const said = CLOCK.exec(text);
  if (!said) return undefined;
  const [, month, day, year, clock] = said;
  const time = Date.parse(`${month ? `${month} ${day}, ${year}` : new Date(now).toDateString()} ${clock}`);
  // Its seconds are cut off: the middle of that minute.
  const left = (time - now) / 1000 + 30;
  return left > 0 ? left : undefined;
}
