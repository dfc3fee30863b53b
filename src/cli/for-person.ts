// What is said to assistants, in a person's words. A person has commands and options where they have tools and arguments.
import { visible } from '../output/printable.js';

/** Their words, and ours; `ID` stands for the job's. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /Wait \(llm_job_submit with waitForQuota:true does; fresh:true tries all the same\)/g,
    'Wait (--wait-for-quota does; --fresh tries all the same)',
  ],
  [/llm_job_list shows/g, '"sidejob list --all" shows'],
  [/ask llm_providers for/g, 'see "sidejob providers" for'],
  [/llm_providers/g, '"sidejob providers"'],
  [/(g)o on with continueJob/gi, '$1o on with "sidejob continue ID"'],
  [/llm_job_result with view "stdout" (and|or) "stderr"/g, '"sidejob logs ID" $1 "sidejob logs ID --stderr"'],
  [/llm_job_result with view "stdout"/g, '"sidejob logs ID"'],
  [/llm_job_result with view "(\w+)"/g, '"sidejob logs ID --$1"'],
  [/llm_job_result/g, '"sidejob result ID"'],
  [/llm_job_wait/g, '"sidejob wait"'],
  [/(s)ubmit it again (with|elsewhere)/gi, '$1tart another $2'],
  [/submit it (again|anew)/gi, '"sidejob retry ID" runs it again'],
  [/larger timeoutSec/g, 'larger --timeout'],
  [/larger idleTimeoutSec/g, 'larger --idle-timeout'],
  [/The person must log in/g, 'Log in'],
  [/the person would have to /g, ''],
  [/ask the person to /g, ''],
  [/, or ask the person\b/g, ', or change that with "sidejob config edit"'],
  [/isolate: "with-changes" takes/g, '--with-changes takes'],
  [/Leave out isolate/g, 'Leave out --isolate'],
  [/leave out isolate/g, 'leave out --isolate'],
  [/isolate: true/g, '--isolate'],
  [/^((?:\w+: )?)isolate: /g, '$1--isolate: '],
  [/isolate is for/g, '--isolate is for'],
  [/Add access "edit"/g, 'Add --access edit'],
  [/outputSchema/g, 'the schema'],
  [/systemPrompt/g, 'system prompt'],
  [/Leave out "model"/g, 'Leave out --model'],
  [/cwd is needed/g, 'a folder is needed'],
  [/Give cwd/g, 'Give --cwd'],
  [/attach: \["job:([\w-]+)"\]/g, '--attach job:$1'],
];

/**
 * An error or a hint as a person is shown it, with nothing in it that would repaint the terminal.
 * @param id of the job that it is about, where that is known
 */
export function forPerson(text: string, id = 'ID'): string {
  const said = WORDS.reduce((words, [theirs, ours]) => words.replaceAll(theirs, ours), text);
  return visible(said.replaceAll(/("sidejob \w+) ID\b/g, `$1 ${id}`));
}
