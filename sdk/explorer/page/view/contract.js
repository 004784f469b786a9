// A contract: its methods as forms, its events and types.
import { card, el, mono, pretty, saveButton, table } from '/dom.js';
import { methodForm } from '/forms.js';

export function contractCards(chain, contract) {
  const { methods, events, types } = contract.interface;
  const of = (kind) => methods.filter((method) => method.kind === kind);
  const forms = (title, list, empty) =>
    card(title, list.length ? list.map((method) => methodForm(chain, contract, method)) : el('p', { class: 'quiet' }, empty));
  const described = events.map((event) => [event.name, mono(event.fields.map(({ name, type }, index) => `${event.indexed[index] ? '★ ' : ''}${name}: ${type}`).join(', '))]);
  const type = (item) => [item.name, mono((item.variants ?? item.fields).map((part) => (part.fields?.length ? `${part.name} { ${part.fields.map(({ name, type }) => `${name ?? ''}: ${type}`).join(', ')} }` : part.type ? `${part.name}: ${part.type}` : part.name)).join(', '))];
  return [
    el('div', { class: 'grid' },
      forms('Read', of('query'), 'It has no queries.'),
      forms('Write', of('call'), 'It has no calls.')),
    card('Events', described.length ? table('Events', ['event', 'fields (★ is a topic)'], described) : el('p', { class: 'quiet' }, 'none')),
    card('Types', table('Types', ['type', 'fields or variants'], types.map(type)),
      el('div', { class: 'row' }, saveButton('Interface as JSON', `${contract.interface.name}.abi.json`, () => pretty(contract.interface)))),
  ];
}
