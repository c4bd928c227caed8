"""What happened: the event log, the message ledgers, and the steps of the protocol with both parties' numbers.

Everything that is shown is a fold over these. `observe` puts together what each party wrote down by itself
(`mpc.traced`), `formulas` says what is computed in each kind of step and who sees which number, `view` looks at it as
one of the parties, `columns` and `file` keep it.
"""
