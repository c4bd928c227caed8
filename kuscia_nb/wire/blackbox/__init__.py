"""The black-box transport: programs push and pop at a transport endpoint, and endpoints pass messages to each other.

spec: bfia §3, ss_lr §6b
"""
