/**
 * The tests of a run as a tree of which only what is in sight is drawn.
 *
 * All rows have one height, so that a row's place follows from its number and
 * 100,000 of them cost what 30 do; what there is to say of a test is beside the tree,
 * not in it. (JupyterLab's own windowed list measures a widget a row.) One row at a time is reached
 * with the tab key, and stays drawn wherever the tree is scrolled to: the focus is not
 * lost, and new tests above do not move what is looked at.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useLayoutEffect, useRef, useState } from 'react';

import type { ICase, IShelf } from './cases';
import type { IRow, Rows } from './rows';
import { moveOf, Typed } from './walk';
import { countsOf, standOfCase, took } from './words';

export const ROW_PX = 24;
/** Rows in sight, and rows that are drawn above and below them. */
const IN_SIGHT = 12;
const BEYOND = 10;

interface IProps {
  rows: Rows;
  /** The key of the row that is reached with the tab key, if it is there. */
  active: string;
  /** The key of the test that is shown beside the tree, or "". */
  chosen: string;
  isOver: boolean;
  /** Is given what puts the focus on the active row. */
  focus: React.MutableRefObject<() => void>;
  onActive: (key: string) => void;
  /** A test is chosen, with a key or with the mouse. */
  onChoose: (item: ICase, isByKey: boolean) => void;
  onToggle: (shelf: IShelf, isOpen: boolean) => void;
  trans: TranslationBundle;
}

export function Tree(props: IProps): JSX.Element {
  const { rows, active, chosen, isOver, focus, onActive, onChoose, onToggle, trans } = props;
  const last = useRef(0);
  const typed = useRef(new Typed());
  const found = active ? rows.indexOf(active) : -1;
  const at = Math.max(0, Math.min(found >= 0 ? found : last.current, rows.count - 1));
  last.current = at;
  const view = useView(rows, at, chosen);
  focus.current = view.focus;

  const use = (row: IRow, isByKey: boolean) => {
    onActive(row.key);
    if (row.kind === 'file') {
      onToggle(row.shelf, !row.isOpen);
    } else {
      onChoose(row.item, isByKey);
    }
  };
  const pressed = (event: React.KeyboardEvent) => {
    const isOurs = !(event.ctrlKey || event.metaKey || event.altKey) && rows.count > 0;
    const move = isOurs ? moveOf(event.key, rows, at, typed.current) : null;
    if (move === null) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const row = rows.at(at);
    if (move === 'use' || (typeof move === 'object' && 'open' in move)) {
      use(row, true);
    } else if (move !== 'stay' && move.to !== at) {
      view.want();
      onActive(rows.at(move.to).key);
    } else {
      view.reveal(at);
    }
  };
  return (
    <div
      className="jp-Autoexec-tree"
      role="tree"
      aria-label={trans.__('Tests')}
      ref={view.box}
      style={{ maxHeight: IN_SIGHT * ROW_PX }}
      onScroll={view.scrolled}
      onKeyDown={pressed}
    >
      <div role="none" style={{ height: rows.count * ROW_PX }}>
        {drawnOf(rows.count, view.top, at).map(index => {
          const row = rows.at(index);
          return (
            <Row
              key={row.key}
              row={row}
              top={index * ROW_PX}
              isActive={index === at}
              isChosen={row.key === chosen}
              isOver={isOver}
              use={() => use(row, false)}
              focused={() => onActive(row.key)}
              trans={trans}
            />
          );
        })}
      </div>
    </div>
  );
}

interface IView {
  box: React.RefObject<HTMLDivElement>;
  /** The number of the first row in sight. */
  top: number;
  scrolled: () => void;
  /** Bring a row into sight. */
  reveal: (index: number) => void;
  /** Put the focus on the active row now, or when the tree is drawn next. */
  focus: () => void;
  want: () => void;
}

/** What of the tree is in sight, and where the focus is, while rows come and go. */
function useView(rows: Rows, at: number, chosen: string): IView {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const anchor = useRef({ key: '', index: 0 });
  const isWanted = useRef(false);
  // A row that moves, or is gone, leaves the focus to the active one.
  const had = box.current?.contains(document.activeElement) ?? false;

  const reveal = (index: number) => box.current && scrollTo(box.current, index);
  const put = () => box.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true });
  useLayoutEffect(() => {
    const node = box.current;
    if (!node) {
      return;
    }
    const { key, index } = anchor.current;
    const now = node.scrollTop > 0 && key ? rows.indexOf(key) : -1;
    if (now >= 0 && now !== index) {
      anchor.current.index = now;
      node.scrollTop += (now - index) * ROW_PX;
    }
    if (isWanted.current || (had && !node.contains(document.activeElement))) {
      put();
    }
    if (isWanted.current) {
      isWanted.current = false;
      reveal(at);
    }
  });
  useEffect(() => {
    const index = chosen ? rows.indexOf(chosen) : -1;
    if (index >= 0) {
      reveal(index);
    }
  }, [chosen]);

  const scrolled = () => {
    const first = Math.floor((box.current?.scrollTop ?? 0) / ROW_PX);
    anchor.current = { key: first < rows.count ? rows.at(first).key : '', index: first };
    setTop(first);
  };
  const focus = () => {
    put();
    reveal(at);
  };
  return { box, top, scrolled, reveal, focus, want: () => void (isWanted.current = true) };
}

/** The numbers of the rows that are drawn: what is in sight and around it, and the active one. */
function drawnOf(count: number, top: number, active: number): number[] {
  const first = Math.max(0, Math.min(top, count) - BEYOND);
  const end = Math.min(count, top + IN_SIGHT + BEYOND);
  const drawn = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
  if (active < first) {
    drawn.unshift(active);
  } else if (active >= end && active < count) {
    drawn.push(active);
  }
  return drawn;
}

interface IRowProps {
  row: IRow;
  top: number;
  isActive: boolean;
  isChosen: boolean;
  isOver: boolean;
  use: () => void;
  /** It has the focus, however it came to it. */
  focused: () => void;
  trans: TranslationBundle;
}

function Row({ row, top, isActive, isChosen, isOver, use, focused, trans }: IRowProps): JSX.Element {
  const common = {
    role: 'treeitem',
    className: 'jp-Autoexec-row',
    style: { top, height: ROW_PX },
    tabIndex: isActive ? 0 : -1,
    'aria-posinset': row.number,
    'aria-setsize': row.many,
    onClick: use,
    onFocus: focused
  };
  if (row.kind === 'file') {
    const { file, counts, isBad } = row.shelf;
    return (
      <div {...common} aria-level={1} aria-expanded={row.isOpen} title={file} data-verdict={isBad ? 'failed' : ''}>
        <span className="jp-Autoexec-fold" aria-hidden="true">
          {row.isOpen ? '▾' : '▸'}
        </span>
        <span className="jp-Autoexec-name">{file}</span>
        <span className="jp-Autoexec-counts">{countsOf(counts, trans)}</span>
      </div>
    );
  }
  const { item, parent } = row;
  const { mark, word } = standOfCase(item, isOver, trans);
  const name = item.name ? (parent ? item.name : item.key) : trans.__('the file itself');
  return (
    <div
      {...common}
      aria-level={parent ? 2 : 1}
      aria-selected={isChosen}
      title={item.message ? `${item.key}\n${item.message}` : item.key}
      data-verdict={item.verdict}
    >
      <span className="jp-Autoexec-state">
        <span aria-hidden="true">{mark}</span> {word}
      </span>
      <span className="jp-Autoexec-name">
        {name}
        {item.message && <span className="jp-Autoexec-message"> {item.message}</span>}
      </span>
      <span>{took(item.seconds)}</span>
    </div>
  );
}

/** Bring a row into sight, with no more scrolling than that takes. */
function scrollTo(node: HTMLElement, index: number): void {
  const room = node.clientHeight || IN_SIGHT * ROW_PX;
  const start = index * ROW_PX;
  if (start < node.scrollTop) {
    node.scrollTop = start;
  } else if (start + ROW_PX > node.scrollTop + room) {
    node.scrollTop = start + ROW_PX - room;
  }
}
