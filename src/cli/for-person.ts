/** Hints name tools and their arguments, which a person cannot use: here they name commands. */
export function forPerson(text: string): string {
  return text
    .replaceAll('llm_job_list shows', '"sidejob list --all" shows')
    .replaceAll('llm_providers', '"sidejob providers"')
    .replaceAll('go on with continueJob', 'go on with "sidejob continue"')
    .replaceAll(/llm_job_result with view "?/g, '"sidejob result ID" with --view "')
    .replaceAll('llm_job_result', '"sidejob result"')
    .replaceAll('(llm_job_wait)', '("sidejob wait")')
    .replaceAll('llm_job_wait', '"sidejob wait"')
    .replaceAll(/attach: \["job:([\w-]+)"\]/g, '--attach job:$1');
}
