// Pictures: what certifications are worth.
import { el, svg } from '/dom.js';

/** Faults tolerated against certifications in hand: a curve for the quorum rule, a line for the synchronous one. */
export function strengthCurve(client, finals) {
  const { size, quorum } = client.validators;
  const points = [];
  for (let count = quorum; count <= size; count += 1) points.push(client.strength(count));
  const now = client.strength(finals);
  const [width, height, left, bottom] = [340, 200, 44, 40];
  const most = Math.max(1, ...points.map((point) => Math.max(point.tolerated, point.toleratedSynchronous)));
  const x = (count) => left + ((count - quorum) * (width - left - 24)) / Math.max(1, size - quorum);
  const y = (faults) => height - bottom - (faults * (height - bottom - 18)) / most;
  const curve = points.map((point, index) => `${index ? 'L' : 'M'}${x(point.finals)} ${y(point.tolerated)}`).join('');
  const steady = points.map((point, index) => `${index ? 'L' : 'M'}${x(point.finals)} ${y(point.toleratedSynchronous)}`).join('');
  const words = now
    ? `${finals} of ${size} certifications: ${now.tolerated} liars cannot undo it, ${now.toleratedSynchronous} if messages arrive in time.`
    : `${finals} of ${size} certifications: fewer than the quorum of ${quorum}.`;
  const ticks = points.map((point) => svg('text', { x: x(point.finals), y: height - bottom + 16, 'text-anchor': 'middle' }, String(point.finals)));
  const levels = Array.from({ length: most + 1 }, (_, level) => svg('text', { x: left - 8, y: y(level) + 4, 'text-anchor': 'end' }, String(level)));
  const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': words },
    svg('path', { class: 'axis', d: `M${left} 10V${height - bottom}H${width - 12}`, fill: 'none' }),
    ticks, levels,
    svg('path', { class: 'steady', d: size === quorum ? `M${left} ${y(points[0].toleratedSynchronous)}h40` : steady }),
    svg('path', { class: 'curve', d: size === quorum ? `M${left} ${y(points[0].tolerated)}h40` : curve }),
    now && svg('circle', { class: 'point', cx: x(finals), cy: y(now.tolerated), r: 6 }),
    svg('text', { x: (left + width) / 2, y: height - 6, 'text-anchor': 'middle' }, 'certifications in hand'),
    svg('text', { x: left + 8, y: 12 }, 'liars tolerated'));
  const legend = el('p', { class: 'quiet' }, 'Solid: quorum rule, any delay. Dashed: synchronous rule, messages within Δ.');
  return el('div', {}, picture, el('p', {}, words), legend);
}

/** Who voted and who certified. */
export function voters(client, votes, finals) {
  const items = Array.from({ length: client.validators.size }, (_, index) => {
    const said = [votes.includes(index) && 'voted', finals.includes(index) && 'certified'].filter(Boolean);
    return el('li', { class: said.length ? 'good' : 'warn' }, `replica ${index}: ${said.join(', ') || 'silent'}`);
  });
  return el('ul', { class: 'voters' }, items);
}
