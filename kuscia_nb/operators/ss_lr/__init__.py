"""ss_lr: logistic regression over vertically split data, on additive shares."""
