// The words of a desktop notification. Pure.
import type { JobView } from './view.js';

/** The program that shows one, by platform. */
export const NOTIFIERS: Partial<Record<NodeJS.Platform, string>> = { darwin: 'osascript', linux: 'notify-send' };

const BODY_MAX = 200;

/** The arguments with which that program shows that a job has ended. */
export function notice(
  program: string,
  {
    jobId,
    status,
    reason,
    label,
    elapsedSec,
    error,
  }: Pick<JobView, 'jobId' | 'status' | 'elapsedSec'> & Partial<Pick<JobView, 'reason' | 'label' | 'error'>>,
): string[] {
  const title = `${jobId} ${status}${reason ? ` (${reason})` : ''}`;
  const body = [label, error, `${elapsedSec} s`].filter(Boolean).join(' · ').slice(0, BODY_MAX);
  // As arguments of the script, never within it: a label may hold anything.
  if (program === 'osascript') {
    const script = ['on run argv', 'display notification (item 2 of argv) with title (item 1 of argv)', 'end run'];
    return [...script.flatMap((line) => ['-e', line]), title, body];
  }
  // Its text is markup: https://specifications.freedesktop.org/notification-spec/latest/markup.html
  return ['--app-name=Sidejob', '--', title, body.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)];
}
