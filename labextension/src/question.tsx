/**
 * What a run asks, as a card: the evidence, what may be chosen, a button for each answer.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useId, useState } from 'react';

import type { IChoice } from './events';
import type { IQuestion } from './model';
import { Patch, split } from './patch';
import { answerOf, proofOf } from './words';

interface IProps {
  question: IQuestion;
  /** Hands an answer over; rejects where it does not count. */
  give: (answer: string) => Promise<void>;
  trans: TranslationBundle;
}

export function Question({ question, give, trans }: IProps): JSX.Element {
  const [said, setSaid] = useState('');
  const [isSent, setIsSent] = useState(false);
  const { answers, choices } = question;
  const [before, patch, behind] = split(question.evidence);
  const isHere = question.place === 'panel';
  const send = async (answer: string) => {
    setIsSent(true);
    setSaid('');
    try {
      await give(answer);
    } catch (error) {
      setIsSent(false);
      setSaid(error instanceof Error ? error.message : `${error}`);
    }
  };
  const buttonOf = (answer: string, text: string, title?: string) => (
    <button
      key={answer}
      disabled={isSent || !answers.includes(answer)}
      data-answer={answer}
      title={title}
      onClick={() => void send(answer)}
    >
      {text}
    </button>
  );
  const isChosen = (answer: string) => choices.some(choice => choice.answer === answer);
  return (
    <section className="jp-Autoexec-question" role="alert">
      <h4>{question.text}</h4>
      <Lines lines={before} />
      <Patch lines={patch} trans={trans} />
      <Lines lines={behind} />
      {choices.map((choice, index) => (
        <Choice key={index} choice={choice} trans={trans}>
          {isHere &&
            buttonOf(
              choice.answer,
              trans.__('Choose %1', choice.answer),
              choice.why_not || choice.fix
            )}
        </Choice>
      ))}
      {isHere &&
        answers
          .filter(answer => !isChosen(answer))
          .map(answer => buttonOf(answer, answerOf(answer, answers, trans)))}
      {!isHere && <p>{trans.__('It is asked at the prompt in the notebook: answer there.')}</p>}
      {said && <p>{said}</p>}
    </section>
  );
}

/** One of what may be chosen, with what is known of it; its button is the child. */
function Choice(props: {
  choice: IChoice;
  trans: TranslationBundle;
  children: React.ReactNode;
}): JSX.Element {
  const { choice, trans, children } = props;
  const name = useId();
  const proof = proofOf(choice, trans);
  return (
    <div
      className="jp-Autoexec-choice"
      role="group"
      aria-labelledby={name}
      data-choice={choice.answer}
      data-proof={proof?.proof}
    >
      <div className="jp-Autoexec-head">
        <h5 id={name}>{choice.label}</h5>
        {proof && (
          <p>
            <span aria-hidden="true">{proof.mark}</span> {proof.word}
            {choice.why_not && `: ${choice.why_not}`}
          </p>
        )}
        {children}
      </div>
      <Lines lines={choice.lines} />
    </div>
  );
}

function Lines({ lines }: { lines: string[] }): JSX.Element | null {
  if (lines.length === 0) {
    return null;
  }
  return (
    <ul>
      {lines.map((line, index) => (
        <li key={index}>{line}</li>
      ))}
    </ul>
  );
}
