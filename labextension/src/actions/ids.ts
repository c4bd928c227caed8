/** The commands of this extension. */
export const CommandIDs = {
  open: 'kuscia-nb:open',
  load: 'kuscia-nb:load',
  stop: 'kuscia-nb:stop',
  remove: 'kuscia-nb:delete',
  manifest: 'kuscia-nb:show-yaml',
  result: 'kuscia-nb:show-result',
  trace: 'kuscia-nb:open-trace',
  line: 'kuscia-nb:copy-kubectl',
  log: 'kuscia-nb:show-log',
  upload: 'kuscia-nb:upload',
  preview: 'kuscia-nb:preview-data',
  newJob: 'kuscia-nb:new-job',
  tutorials: 'kuscia-nb:open-tutorials'
} as const;
