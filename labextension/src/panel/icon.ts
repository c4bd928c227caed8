import { LabIcon } from '@jupyterlab/ui-components';

/** Two nodes, and the third party that both ask. */
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16">
  <g class="jp-icon3" fill="#616161">
    <circle cx="5" cy="17" r="3.2"/><circle cx="19" cy="17" r="3.2"/>
    <rect x="9.2" y="3.4" width="5.6" height="5.6" rx="1" transform="rotate(45 12 6.2)"/>
    <path d="M8.5 16.2h7v1.6h-7zM10.3 9.6l1.3.9-4 5.2-1.3-1zM13.7 9.6l-1.3.9 4 5.2 1.3-1z"/>
  </g>
</svg>`;

export const kusciaIcon = new LabIcon({ name: 'kuscia-nb:icon', svgstr: SVG });
