// A form for a method of a contract, made from its interface.
import { el, pretty, problem } from '/dom.js';

/** What a field's text means: JSON where it reads as JSON, else the text. */
function valueOf(text, type) {
  const trimmed = text.trim();
  if (trimmed === '' && type.startsWith('Option')) return null;
  if (['string', 'str'].includes(type.toLowerCase())) return text;
  if (/^-?\d[\d_]*$/.test(trimmed)) return trimmed;
  try {
    return JSON.parse(trimmed);
  } catch {
    return trimmed;
  }
}

/** A form that asks a query or simulates a call, and shows the answer. */
export function methodForm(chain, contract, method) {
  const id = (name) => `${method.name}-${name}`;
  const inputs = method.arguments.map(({ name, type }) => ({
    name,
    type,
    input: el('input', { id: id(name), name, autocomplete: 'off', spellcheck: 'false', placeholder: type }),
  }));
  const caller = el('input', { id: id('caller'), placeholder: '0x… (optional)', autocomplete: 'off', spellcheck: 'false' });
  const result = el('div', { role: 'status' });
  const query = method.kind === 'query';
  const fields = inputs.map(({ name, type, input }) =>
    el('div', { class: 'field' }, el('label', { for: input.id }, `${name}: ${type}`), input));
  const submit = async (event) => {
    event.preventDefault();
    const given = inputs.filter(({ input, type }) => input.value.trim() !== '' || !type.startsWith('Option'));
    const args = Object.fromEntries(given.map(({ name, type, input }) => [name, valueOf(input.value, type)]));
    try {
      const answer = await contract.query(method.name, args, { caller: caller.value.trim() || undefined });
      result.replaceChildren(el('pre', {}, pretty(answer)));
    } catch (error) {
      result.replaceChildren(problem(error));
    }
  };
  return el('details', {},
    el('summary', {}, method.name, ' ', el('span', { class: 'quiet' }, `${method.kind} → ${method.output}`)),
    method.doc && el('p', {}, method.doc),
    el('form', { onsubmit: submit, 'aria-label': method.name }, fields,
      el('div', { class: 'field' }, el('label', { for: caller.id }, 'as caller'), caller),
      el('div', { class: 'row' },
        el('button', { class: 'main' }, query ? 'Ask' : 'Try without sending'),
        el('code', { class: 'quiet' }, `counterpart ${query ? 'query' : 'call'} ${contract.address.slice(0, 10)}… ${method.name}`))),
    result);
}
