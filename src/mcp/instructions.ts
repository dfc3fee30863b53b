// What every assistant reads once, before any tool: when to use Sidejob, the usual moves, how to recover.
// At most 1,200 characters; a test holds it.
export const INSTRUCTIONS = `Sidejob runs other LLM command-line tools on this machine (claude, codex, gemini …) as durable background jobs. Use it for a second opinion, for several opinions at once, or to hand off work that takes minutes or hours.

- Ask: llm_run{prompt} returns the answer. Past the wait it goes on in the background and returns a jobId: do not ask again, use llm_job_wait.
- Ask several: llm_run{prompt, providers:[…]}; with judge:"auto" one more weighs their answers, and you get the verdict.
- Have changes reviewed: llm_run{prompt, review:{}, providers:[…]} returns the findings of all as one list.
- Hand off, files too: llm_job_submit{prompt, access:"edit", cwd}; go on with your own work; llm_job_wait later. isolate:true keeps cwd as it is until llm_job_changes.
- Go on with a conversation: continueJob:"ID".

Jobs know nothing of this conversation: put all they need into prompt, or attach files. They outlive this client and its server. After a restart, or to collect earlier work: llm_job_list{}. A failed job says its reason and what to do; partial output stays readable with llm_job_result. Every job costs the user money or quota.`;
