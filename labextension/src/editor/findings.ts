import type { Text } from '@codemirror/state';
import type { Diagnostic } from '@codemirror/lint';

import type { IDiagnostic } from '../kernel/protocol';
import { unitIndex } from './columns';

/** Findings as the editor takes them. Those outside of the text, which may be newer, are left out. */
export function diagnostics(findings: IDiagnostic[], text: Text): Diagnostic[] {
  return findings
    .filter(finding => finding.line >= 1 && finding.line <= text.lines)
    .map(finding => {
      const line = text.line(finding.line);
      return {
        from: line.from + unitIndex(line.text, finding.column),
        to: line.from + unitIndex(line.text, finding.end_column),
        severity: finding.severity,
        message: [finding.message, finding.hint].filter(Boolean).join('. ')
      };
    });
}
