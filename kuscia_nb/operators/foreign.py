"""What the parameters of other programs for logistic regression are called here: scikit-learn, FATE, SecretFlow.

Here a step is w -= learning_rate / batch_size * (X^T error + l2_norm * w) (spec: ss_lr §2), so l2_norm / batch_size is
the weight of the penalty beside a batch's mean loss: alpha in SGDClassifier and in FATE, 1 / (C * rows) in
LogisticRegression.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ..texts.sentence import Sentence

_NONE = "leave it out: there is nothing like it here"
_MEANT = {
    "epochs epoch num_epochs n_epochs max_iter n_iter iters": "did you mean num_epoch?",
    "lr eta eta0 learning_rate_init": "did you mean learning_rate?",
    "batch batch_num minibatch_size mini_batch_size": "did you mean batch_size?",
    "solver optimizer_type": "did you mean optimizer?",
    "sig_type sigmoid": "did you mean sigmoid_mode?",
    "alpha lambda reg_lambda weight_decay l2": "l2_norm = {name} * batch_size",
    "c": "l2_norm = batch_size / ({name} * rows)",
    "penalty reg_type regularization": "l2_norm is the weight of an L2 penalty, the only one; 0 is none",
    "l1_ratio l1": "there is an L2 penalty only: l2_norm",
    "tol eps early_stop early_stopping n_iter_no_change validation_fraction": "training ends after num_epoch",
    "learning_rate_schedule decay decay_sqrt power_t": "learning_rate stays as it is",
    "shuffle": "rows are used in the order of their file",
    "fit_intercept intercept_scaling": "there always is an intercept",
    "init_param warm_start": "weights begin at 0",
    "random_state random_seed seed": "an option of the job: --seed N, or seed=N",
    "label label_name label_column y": "the label is the last column of the party with has_label",
    "class_weight sample_weight n_jobs verbose dual multi_class encrypt_param cv_param predict_param sqn_param": _NONE,
    "floating_point_precision validation_freqs callback_param need_cv strategy": _NONE,
}
_FOREIGN = {name: meant for names, meant in _MEANT.items() for name in names.split()}

UNUSED = frozenset(("start_transport",))
"""What the reference operator takes for its own surroundings (spec: ss_lr §6b); it changes no number."""


def meant(name: str, known: Collection[str]) -> str:
    """What to do instead of a parameter of another program, in an operator that trains; nothing for all others."""
    return _FOREIGN.get(name.lower(), "").format(name=name) if "learning_rate" in known else ""


def unused(given: Mapping[str, object]) -> Iterator[Sentence]:
    """A warning for each parameter that is taken and has no effect."""
    for name in sorted(UNUSED & given.keys()):
        yield Sentence(
            "parameter {name} has no effect: it is for the surroundings of the reference operator", name=name
        )
