/**
 * The tests of a run: how far they have got, what they failed by, and each of them.
 *
 * It is drawn at most every `DRAW_MS`, however fast tests come. What a person
 * looks for (`ILook`) stays from run to run; what they opened is the run's own.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'react';

import { CaseDetail } from './case';
import { isBad, SLOW_SECONDS, type Cases, type Filter, type ICase, type IShelf, type IWanted } from './cases';
import { Causes } from './causes';
import type { RunModel } from './model';
import type { Places } from './places';
import { caseKey, Rows } from './rows';
import { Tree } from './tree';
import { commandOf, progressOf, timeOf } from './words';

export const DRAW_MS = 100;

/** The cage of what a cell runs in its kernel. */
const IN_KERNEL = 'none';

/** Which tests a person looks for, in whichever run. */
export interface ILook {
  filter: Filter;
  text: string;
}

interface IProps {
  model: RunModel;
  look: ILook;
  places: Pick<Places, 'of'>;
  /** Draws the button that copies a text. */
  copy: (text: string, label?: string) => JSX.Element;
  trans: TranslationBundle;
}

export const Tests = React.memo(function Tests(props: IProps): JSX.Element | null {
  const { model, trans } = props;
  const { cases, state } = model;
  usePaced(model);
  if (cases.isEmpty) {
    const isAwaited = state.verb === 'test' && state.verdict === 'running';
    return isAwaited ? <p className="jp-Autoexec-tests">{trans.__('Looking for tests…')}</p> : null;
  }
  return <Found {...props} version={cases.version} />;
});

function Found({ model, look, places, copy, trans, version }: IProps & { version: number }): JSX.Element {
  const { cases, state } = model;
  const [wanted, want] = useWanted(look);
  const [active, setActive] = useState('');
  const [shown, setShown] = useState({ id: '', isByKey: false });
  const focus = useRef<() => void>(() => undefined);
  const isOver = state.verdict !== 'running';
  const [rows, toggle] = useRows(cases, wanted, version);
  const item = shown.id ? cases.get(shown.id) : undefined;
  const choose = useCallback((chosen: ICase, isByKey: boolean) => {
    setActive(caseKey(chosen.key));
    setShown({ id: chosen.key, isByKey });
  }, []);
  const close = () => {
    setShown({ id: '', isByKey: false });
    focus.current();
  };
  return (
    <section className="jp-Autoexec-tests" aria-label={trans.__('Tests of the run')}>
      <Progress cases={cases} isOver={isOver} trans={trans}>
        {isOver && cases.bad > 0 && copy(commandOf(state.cage === IN_KERNEL), trans.__('Copy “rerun failed”'))}
      </Progress>
      <Causes
        cases={cases}
        chosen={wanted.cause}
        narrow={cause => want({ cause })}
        choose={choose}
        copy={copy}
        trans={trans}
      />
      <Tools cases={cases} wanted={wanted} want={want} trans={trans} />
      {rows.count > 0 ? (
        <Tree
          rows={rows}
          active={active}
          chosen={item ? caseKey(item.key) : ''}
          isOver={isOver}
          focus={focus}
          onActive={setActive}
          onChoose={choose}
          onToggle={toggle}
          trans={trans}
        />
      ) : (
        <p className="jp-Autoexec-none">
          {trans.__('None of %1 tests fits.', cases.size.toLocaleString('en'))}{' '}
          <button onClick={() => want({ filter: 'all', text: '', cause: '' })}>{trans.__('Show all')}</button>
        </p>
      )}
      {item && (
        <Opened
          {...{ model, wanted, item, places, choose, close, copy, trans, version }}
          isByKey={shown.isByKey}
        />
      )}
    </section>
  );
}

interface IOpenedProps extends Omit<IProps, 'look'> {
  wanted: IWanted;
  item: ICase;
  isByKey: boolean;
  choose: (item: ICase, isByKey: boolean) => void;
  close: () => void;
  version: number;
}

/** The test that is opened, among those that failed. */
function Opened(props: IOpenedProps): JSX.Element {
  const { model, wanted, item, isByKey, places, choose, close, copy, trans, version } = props;
  const { cases, state, run } = model;
  const bad = useMemo(() => casesOf(cases.chosen({ ...wanted, filter: 'failed' })), [version, wanted]);
  const number = isBad(item) ? bad.indexOf(item) + 1 : 0;
  const isCell = state.cage === IN_KERNEL;
  const step = (by: number) => {
    const from = number > 0 ? number - 1 : by > 0 ? -1 : 0;
    choose(bad[(from + by + bad.length) % bad.length], false);
  };
  const goes = (file: string, line: number) =>
    isCell && file === item.file // a cell is no file
      ? null
      : places.of(run, { file, line, cell: '', cell_id: '', source: '', function: '' });
  const isOver = state.verdict !== 'running';
  return <CaseDetail {...{ item, isOver, isCell, isByKey, number, goes, step, close, copy, trans }} many={bad.length} />;
}

/** What a person looks for; all of it but the cause stays for the next run. */
function useWanted(look: ILook): [IWanted, (change: Partial<IWanted>) => void] {
  const [wanted, setWanted] = useState<IWanted>({ ...look, cause: '' });
  const want = (change: Partial<IWanted>) => {
    const next = { ...wanted, ...change };
    setWanted(next);
    look.filter = next.filter;
    look.text = next.text;
  };
  return [wanted, want];
}

/** The rows of the tree, and what opens and closes a file: by itself one is open that has failures, or is looked for. */
function useRows(cases: Cases, wanted: IWanted, version: number): [Rows, (shelf: IShelf, isOpen: boolean) => void] {
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const shelves = useMemo(() => cases.chosen(wanted), [version, wanted]);
  const rows = useMemo(() => {
    const isNarrowed = wanted.filter !== 'all' || wanted.text !== '' || wanted.cause !== '';
    const isOpen = (shelf: IShelf) => isNarrowed || shelf.isBad || shelves.length === 1;
    return new Rows(shelves, shelf => toggled.get(shelf.file) ?? isOpen(shelf));
  }, [shelves, toggled]);
  return [rows, (shelf, isOpen) => setToggled(new Map(toggled).set(shelf.file, isOpen))];
}

interface IToolsProps {
  cases: Cases;
  wanted: IWanted;
  want: (change: Partial<IWanted>) => void;
  trans: TranslationBundle;
}

/** Which tests are shown: a kind of them, and a text that they have. */
function Tools({ cases, wanted, want, trans }: IToolsProps): JSX.Element {
  const kinds: [Filter, string, number, string][] = [
    ['all', trans.__('All'), cases.size, trans.__('All tests, those that failed first')],
    ['failed', trans.__('Failed'), cases.bad, trans.__('What failed, had an error or did not run')],
    ['slow', trans.__('Slow'), cases.slow, trans.__('What took %1 or more, the slowest first', timeOf(SLOW_SECONDS))]
  ];
  if (cases.flaky > 0 || wanted.filter === 'flaky') {
    kinds.splice(2, 0, ['flaky', trans.__('Flaky'), cases.flaky, trans.__('What passed, and not at once')]);
  }
  return (
    <div className="jp-Autoexec-tools">
      <div role="group" aria-label={trans.__('Which tests')}>
        {kinds.map(([filter, word, count, title]) => (
          <button
            key={filter}
            aria-pressed={wanted.filter === filter}
            title={title}
            onClick={() => want({ filter })}
          >
            {word} {count.toLocaleString('en')}
          </button>
        ))}
      </div>
      <input
        type="search"
        placeholder={trans.__('Filter')}
        aria-label={trans.__('Show only tests whose name or message has this text')}
        value={wanted.text}
        onChange={event => want({ text: event.target.value })}
      />
    </div>
  );
}

interface IProgressProps {
  cases: Cases;
  isOver: boolean;
  trans: TranslationBundle;
  children: React.ReactNode;
}

/** How far it has got, by the second while it runs, as a meter with its words; what can be done is the child. */
function Progress({ cases, isOver, trans, children }: IProgressProps): JSX.Element {
  const [, tick] = useState(0);
  useEffect(() => {
    if (isOver) {
      return;
    }
    const timer = window.setInterval(() => tick(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, [isOver]);
  const { done, total } = cases.round;
  return (
    <div className="jp-Autoexec-progress" data-verdict={cases.bad > 0 ? 'failed' : 'passed'}>
      {total > 0 && <progress max={total} value={done} aria-label={trans.__('Tests done')} />}
      <div className="jp-Autoexec-head">
        <p>{progressOf(cases, isOver, Date.now(), trans)}</p>
        {children}
      </div>
      {!isOver && <p className="jp-Autoexec-command">{cases.running || '\u00a0'}</p>}
    </div>
  );
}

function casesOf(shelves: readonly IShelf[]): ICase[] {
  const found: ICase[] = [];
  for (const shelf of shelves) {
    found.push(...shelf.cases());
  }
  return found;
}

/** Draw anew when the tests of a run are others, or the run is over; not more often than every `DRAW_MS`. */
function usePaced(model: RunModel): void {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    let timer = 0;
    let [seen, verdict] = [model.cases.version, model.state.verdict];
    let last = 0;
    const look = () => {
      timer = 0;
      last = Date.now();
      [seen, verdict] = [model.cases.version, model.state.verdict];
      draw();
    };
    const changed = () => {
      const isSame = seen === model.cases.version && verdict === model.state.verdict;
      if (!isSame && timer === 0) {
        timer = window.setTimeout(look, Math.max(0, last + DRAW_MS - Date.now()));
      }
    };
    model.changed.connect(changed);
    draw(); // what came before this was connected
    return () => {
      window.clearTimeout(timer);
      model.changed.disconnect(changed);
    };
  }, [model]);
}
