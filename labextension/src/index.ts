import { actions } from './actions/plugin';
import { editor } from './editor/plugin';
import { form } from './form/plugin';
import { connections } from './kernel/plugin';
import { tutorials } from './launcher/plugin';
import { panel } from './panel/plugin';
import { status } from './status/plugin';

export default [connections, panel, actions, status, editor, form, tutorials];
