/*
 * The form is not JupyterLab's FormComponent: that shows one JSON schema, and here each party has fields of its own, a
 * mistake is found by the nodes and belongs to a party's field, and a preview follows every key.
 */
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IForm, IParameter } from '../kernel/protocol';
import { fieldName, operatorOf, parted, problemOf, said, toldBy } from './draft';
import { ChoiceInput, FieldView, ParameterView, TextInput } from './field';
import type { FormModel } from './model';
import { PartyView } from './party';
import { Preview } from './preview';

export interface IFormProps {
  model: FormModel;
  languages: IEditorLanguageRegistry;
  trans: TranslationBundle;
  /** Insert the cell, and perhaps run it. */
  insert: (run: boolean) => void;
  /** Show the first rows of a node's file. */
  preview: (node: string, name: string) => void;
}

/** The form, or why there is none. */
export function FormView(props: IFormProps): JSX.Element {
  const { model, trans } = props;
  const { form, failure } = model;
  return (
    <form
      className="jp-kuscia-nb-Form"
      aria-label={trans.__('New job')}
      onSubmit={event => event.preventDefault()}
    >
      {failure && (
        <p role="alert" className="jp-kuscia-nb-Field-problem">
          {failure}
        </p>
      )}
      {form && <FormBody {...props} form={form} />}
      {!form && !failure && <p role="status">{trans.__('Asking the kernel, which starts the nodes…')}</p>}
      {!form && failure && (
        <Button className="jp-mod-styled" onClick={() => void model.load()}>
          {trans.__('Try again')}
        </Button>
      )}
    </form>
  );
}

interface IPartProps extends IFormProps {
  form: IForm;
}

function FormBody(props: IPartProps): JSX.Element {
  const { model, form, languages, preview, trans } = props;
  const operator = operatorOf(form, model.draft.operator);
  const { needed, optional } = parted(operator.parameters.filter(one => !one.own));
  return (
    <>
      <JobFields {...props} />
      {form.nodes.map(node => (
        <PartyView key={node} {...{ model, node, operator, preview, trans }} />
      ))}
      {needed.length + optional.length > 0 && (
        <fieldset>
          <legend>{trans.__('Parameters')}</legend>
          <Parameters {...props} parameters={needed} />
          {optional.length > 0 && (
            <Folded
              label={trans.__('Optional parameters (%1)', optional.length)}
              isOpen={hasProblem(model, optional)}
            >
              <Parameters {...props} parameters={optional} />
            </Folded>
          )}
        </fieldset>
      )}
      <fieldset>
        <legend>{trans.__('Cell')}</legend>
        {model.cell === null ? (
          <p>{trans.__('The cell is shown here once all that is needed is filled in.')}</p>
        ) : (
          <Preview
            cell={model.cell}
            format={model.draft.format}
            languages={languages}
            label={trans.__('The cell to be inserted')}
          />
        )}
      </fieldset>
      <Footer {...props} />
    </>
  );
}

/** What is told apart from parameters: which job it is. */
function JobFields(props: IPartProps): JSX.Element {
  const { model, form, trans } = props;
  const operators = form.operators.map(({ name, title }) => ({
    value: name,
    label: title ? `${name}: ${toldBy(trans, title)}` : name
  }));
  const nodes = form.nodes.map(node => ({ value: node, label: node }));
  const formats = [
    { value: 'kusciajob', label: trans.__('%1: a KusciaJob in YAML', '%%kusciajob') },
    { value: 'bfia_submit', label: trans.__('%1: a BFIA request in JSON', '%%bfia_submit') }
  ];
  const { description } = operatorOf(form, model.draft.operator);
  return (
    <fieldset>
      <legend>{trans.__('Job')}</legend>
      <FieldView
        model={model}
        field={['operator']}
        label={trans.__('operator')}
        help={toldBy(trans, description)}
      >
        {attributes => <ChoiceInput {...{ model, attributes }} field={['operator']} options={operators} />}
      </FieldView>
      <FieldView
        model={model}
        field={['name']}
        label={trans.__('job name')}
        required
        help={trans.__('lowercase letters, digits, - and .')}
      >
        {attributes => <TextInput {...{ model, attributes }} field={['name']} />}
      </FieldView>
      <FieldView
        model={model}
        field={['initiator']}
        label={trans.__('initiator')}
        help={trans.__('the node that starts the job')}
      >
        {attributes => <ChoiceInput {...{ model, attributes }} field={['initiator']} options={nodes} />}
      </FieldView>
      <FieldView
        model={model}
        field={['format']}
        label={trans.__('cell')}
        help={trans.__('how the job is written down; both run the same')}
      >
        {attributes => <ChoiceInput {...{ model, attributes }} field={['format']} options={formats} />}
      </FieldView>
    </fieldset>
  );
}

function Parameters(props: IPartProps & { parameters: IParameter[] }): JSX.Element {
  const { model, trans, parameters } = props;
  return (
    <>
      {parameters.map(parameter => (
        <ParameterView
          key={parameter.name}
          {...{ model, parameter, trans }}
          field={['common', parameter.name]}
        />
      ))}
    </>
  );
}

/** Something that can be folded away, but not while it has a problem to show. */
function Folded(props: { label: string; isOpen: boolean; children: React.ReactNode }): JSX.Element {
  const [isWanted, setWanted] = React.useState(false);
  return (
    <details open={isWanted || props.isOpen} onToggle={event => setWanted(event.currentTarget.open)}>
      <summary>{props.label}</summary>
      {props.children}
    </details>
  );
}

function hasProblem(model: FormModel, parameters: IParameter[]): boolean {
  return parameters.some(({ name }) => model.problem(['common', name]));
}

/** The buttons, with what is still missing. */
function Footer(props: IPartProps): JSX.Element {
  const { model, trans, insert } = props;
  const whole = problemOf([], model.problems);
  const fields = model.problems.map(problem => fieldName(problem.field));
  return (
    <div className="jp-kuscia-nb-Form-footer">
      <span role="status">
        {whole ? said(whole) : fields.length > 0 && trans.__('Missing or wrong: %1', fields.join(', '))}
      </span>
      <Button className="jp-mod-styled" onClick={() => insert(false)}>
        {trans.__('Insert')}
      </Button>
      <Button className="jp-mod-styled jp-mod-accept" onClick={() => insert(true)}>
        {trans.__('Insert and run')}
      </Button>
    </div>
  );
}
