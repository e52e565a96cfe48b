/**
 * The tabs at the top of the panel: one of several widgets is shown.
 */
import { ReactWidget } from '@jupyterlab/ui-components';
import { Signal, type ISignal } from '@lumino/signaling';
import { Panel, type Widget } from '@lumino/widgets';
import React from 'react';

export interface ITab {
  id: string;
  label: string;
  widget: Widget;
}

export class Tabs extends Panel {
  constructor(tabs: ReadonlyArray<ITab>, label: string) {
    super();
    this.addClass('jp-Autoexec-top');
    this._tabs = tabs;
    this.addWidget(new Bar(this, label));
    for (const { id, widget } of tabs) {
      widget.id = panelOf(id);
      widget.node.setAttribute('role', 'tabpanel');
      widget.node.setAttribute('aria-labelledby', tabOf(id));
      this.addWidget(widget);
    }
    this.select(tabs[0].id);
  }

  /** Emitted with the id of the tab that is shown from now on. */
  get selected(): ISignal<this, string> {
    return this._selected;
  }

  get tabs(): ReadonlyArray<ITab> {
    return this._tabs;
  }

  get current(): string {
    return this._current;
  }

  select(id: string): void {
    this._current = id;
    for (const tab of this._tabs) {
      tab.widget.setHidden(tab.id !== id);
    }
    this.widgets[0].update();
    this._selected.emit(id);
  }

  dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  private _tabs: ReadonlyArray<ITab>;
  private _current = '';
  private _selected = new Signal<this, string>(this);
}

/** As the ARIA practices have it: one tab is in the order of the Tab key, arrows go to the others. */
class Bar extends ReactWidget {
  constructor(owner: Tabs, label: string) {
    super();
    this.addClass('jp-Autoexec-tabs');
    this.node.setAttribute('role', 'tablist');
    this.node.setAttribute('aria-label', label);
    this._owner = owner;
  }

  protected render(): JSX.Element {
    const { tabs, current } = this._owner;
    return (
      <>
        {tabs.map(({ id, label }) => (
          <button
            key={id}
            id={tabOf(id)}
            role="tab"
            aria-selected={id === current}
            aria-controls={panelOf(id)}
            tabIndex={id === current ? 0 : -1}
            onClick={() => this._owner.select(id)}
            onKeyDown={event => this._go(event)}
          >
            {label}
          </button>
        ))}
      </>
    );
  }

  private _go(event: React.KeyboardEvent): void {
    const ids = this._owner.tabs.map(({ id }) => id);
    const at = ids.indexOf(this._owner.current);
    const to: { [key: string]: number } = {
      ArrowRight: (at + 1) % ids.length,
      ArrowLeft: (at + ids.length - 1) % ids.length,
      Home: 0,
      End: ids.length - 1
    };
    if (event.key in to) {
      event.preventDefault();
      const id = ids[to[event.key]];
      this._owner.select(id);
      this.node.querySelector<HTMLElement>(`#${tabOf(id)}`)?.focus();
    }
  }

  private _owner: Tabs;
}

function tabOf(id: string): string {
  return `autoexec-tab-${id}`;
}

function panelOf(id: string): string {
  return `autoexec-tabpanel-${id}`;
}
