import type { TranslationBundle } from '@jupyterlab/translation';
import { ToolbarButtonComponent, VDomRenderer, addIcon, refreshIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import React from 'react';

import { CommandIDs } from '../actions/ids';
import { Empty } from './empty';
import type { PanelModel } from './model';
import { Selected } from './selected';
import { Tree } from './tree';

/** Milliseconds between two looks at the clock, for the ages. */
const TICK = 1000;

/** The side panel. */
export class Panel extends VDomRenderer<PanelModel> {
  constructor(
    model: PanelModel,
    private _commands: CommandRegistry,
    private _trans: TranslationBundle
  ) {
    super(model);
    this.addClass('jp-kuscia-nb-Panel');
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._clock = window.setInterval(() => this.update(), TICK);
    this.update();
  }

  protected override onBeforeHide(message: Message): void {
    window.clearInterval(this._clock);
    super.onBeforeHide(message);
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const first = ['[role=tree]', '[role=status] button', 'input'].map(one => this.node.querySelector(one));
    (first.find(element => element !== null) as HTMLElement | undefined)?.focus();
  }

  override dispose(): void {
    window.clearInterval(this._clock);
    super.dispose();
  }

  protected render(): JSX.Element {
    const { model, _trans: trans } = this;
    const run = (id: string, args = {}) => void this._commands.execute(id, args);
    return (
      <>
        <div className="jp-kuscia-nb-Toolbar" role="toolbar" aria-label={trans.__('Kuscia')}>
          <input
            className="jp-mod-styled"
            type="search"
            value={model.filter}
            placeholder={trans.__('Filter jobs')}
            aria-label={trans.__('Filter jobs by name or phase')}
            onChange={event => (model.filter = event.target.value)}
          />
          <ToolbarButtonComponent
            icon={addIcon}
            tooltip={trans.__('New job')}
            enabled={model.state === 'open'}
            onClick={() => run(CommandIDs.newJob)}
          />
          <ToolbarButtonComponent
            icon={refreshIcon}
            tooltip={trans.__('Ask the kernel again')}
            onClick={() => model.retry()}
          />
        </div>
        {model.state === 'open' && model.rows.length > 0 && (
          <Tree
            model={model}
            now={Date.now()}
            trans={trans}
            stop={({ item }) => item.kind === 'job' && run(CommandIDs.stop, { job: item.name })}
            remove={() => run(CommandIDs.remove)}
          />
        )}
        {model.isEmpty && (
          <Empty
            model={model}
            trans={trans}
            learn={() => run(CommandIDs.tutorials)}
            load={() => run(CommandIDs.load)}
            create={() => run(CommandIDs.newJob)}
          />
        )}
        {/* What comes and goes is below the tree: its rows stay under the mouse. */}
        {model.isDeaf && (
          <p className="jp-kuscia-nb-Deaf" role="status">
            {trans.__(
              'A cell runs, and this kernel hears the panel only when it has ended. To stop a job that the cell waits for, interrupt the kernel (■).'
            )}
          </p>
        )}
        {model.row && <Selected item={model.row.item} tasks={model.tasks} now={Date.now()} trans={trans} />}
      </>
    );
  }

  private _clock = 0;
}
