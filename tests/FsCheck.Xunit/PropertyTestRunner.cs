using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace FsCheck.Xunit;

/// <summary>Runs a property's one test.</summary>
internal sealed class PropertyTestCaseRunner(
    IXunitTestCase testCase, string displayName, string skipReason, object[] constructorArguments, IMessageBus messageBus,
    ExceptionAggregator aggregator, CancellationTokenSource cancellationTokenSource)
    : XunitTestCaseRunner(testCase, displayName, skipReason, constructorArguments, [], messageBus, aggregator, cancellationTokenSource)
{
    protected override XunitTestRunner CreateTestRunner(
        ITest test, IMessageBus messageBus, Type testClass, object[] constructorArguments, MethodInfo testMethod,
        object[] testMethodArguments, string skipReason, IReadOnlyList<BeforeAfterTestAttribute> beforeAfterAttributes,
        ExceptionAggregator aggregator, CancellationTokenSource cancellationTokenSource) =>
        new PropertyTestRunner(
            test, messageBus, testClass, constructorArguments, testMethod, skipReason, beforeAfterAttributes, aggregator,
            cancellationTokenSource);
}

/// <summary>Adds what FsCheck says, the seed above all, to the test's output.</summary>
internal sealed class PropertyTestRunner(
    ITest test, IMessageBus messageBus, Type testClass, object[] constructorArguments, MethodInfo testMethod, string skipReason,
    IReadOnlyList<BeforeAfterTestAttribute> beforeAfterAttributes, ExceptionAggregator aggregator,
    CancellationTokenSource cancellationTokenSource)
    : XunitTestRunner(
        test, messageBus, testClass, constructorArguments, testMethod, [], skipReason, beforeAfterAttributes, aggregator,
        cancellationTokenSource)
{
    private string _report = "";

    protected override async Task<Tuple<decimal, string>> InvokeTestAsync(ExceptionAggregator aggregator)
    {
        Tuple<decimal, string> result = await base.InvokeTestAsync(aggregator);
        return Tuple.Create(result.Item1, result.Item2 + _report);
    }

    protected override async Task<decimal> InvokeTestMethodAsync(ExceptionAggregator aggregator)
    {
        var invoker = new PropertyTestInvoker(
            Test, MessageBus, TestClass, ConstructorArguments, TestMethod, BeforeAfterAttributes, aggregator, CancellationTokenSource);
        decimal time = await invoker.RunAsync();
        _report = invoker.Report;
        return time;
    }
}

/// <summary>Hands the test method to FsCheck instead of calling it once.</summary>
internal sealed class PropertyTestInvoker(
    ITest test, IMessageBus messageBus, Type testClass, object[] constructorArguments, MethodInfo testMethod,
    IReadOnlyList<BeforeAfterTestAttribute> beforeAfterAttributes, ExceptionAggregator aggregator,
    CancellationTokenSource cancellationTokenSource)
    : XunitTestInvoker(
        test, messageBus, testClass, constructorArguments, testMethod, [], beforeAfterAttributes, aggregator, cancellationTokenSource)
{
    public string Report { get; private set; } = "";

    protected override async Task<decimal> InvokeTestMethodAsync(object testClassInstance)
    {
        var check = new PropertyCheck(TestMethod);
        await Aggregator.RunAsync(() => Timer.AggregateAsync(() => Task.Run(() => check.Run(testClassInstance))));
        Report = check.Report;
        return Timer.Total;
    }
}
